"""Words that say the same in other letters or in the other language, for comparing short texts.

Only common words: names of products and techniques are the catalogue's business.
"""

from __future__ import annotations

from typing import Final

from signals.tagging.words import STOP_WORDS, Words, stem

# One meaning a line (a longer one goes on indented), in English and French; a word has one meaning only.
_MEANINGS: Final = """
ai artificial intelligence artificielle ia
job employment employee employer workforce labor labour worker career emploi travailleur salarie metier
  occupation
layoff dismissal redundancy licenciement
hiring recruit recruiting recruitment recrutement embauche candidate applicant
regulation regulatory regulator regulate law legislation legislator rule act agency reglementation loi
  legislatif regle regulateur bill statute
compliance comply compliant conformite
government state public authority gouvernement etat autorite
court lawsuit sue litigation judge trial proces tribunal justice juge
liability accountability accountable liable responsibility responsabilite
lawyer attorney legal juridique avocat juriste
copyright copyrighted licensing royalty auteur author ownership propriete
funding fund invest investment investor capital financing financement investissement investisseur financier
  financial
cost price expensive cheap affordable pricing cout prix cher abordable budget
revenue profit monetization monetize commercialization income revenu rentabilite
advertising advertisement ad advertiser sponsored publicite publicitaire annonce
shopping shop commerce buy purchase pay payment transaction retail achat paiement boutique marchand acheter
  payer ecommerce
inequality inequity divide disparity gap unequal stratification inegalite fracture ecart
access accessible accessibility acces
dependence dependency dependent reliance rely overreliance overtrust dependance dependre
trust distrust mistrust confidence skepticism scepticism confiance defiance mefiance
skill competence expertise ability atrophy deskilling savoir
training train learn learner literacy upskilling formation apprentissage apprendre
school education educational student pupil teacher teaching classroom university ecole enseignement eleve
  etudiant enseignant universite
health healthcare medical medicine doctor physician patient clinical clinician hospital diagnosis diagnostic
  sante medecin medecine hopital soin care
mental psychosis psychological psychology wellbeing emotional emotion psychologique emotionnel
companion companionship girlfriend boyfriend relationship confidant compagnon relation
human people person humain personne
lonely loneliness isolation solitude isolement
child kid teen teenager minor youth enfant adolescent mineur jeune
creative creativity artist artistic musician creator creation createur creatif creativite artiste
music song audio sound musique chanson son
image picture photo drawing dessin
video film movie studio cinema footage
voice speech spoken vocal voix parole
text writing writer write texte redaction ecrire ecriture
translate translation translator traduire traduction
language linguistic multilingual langue langage linguistique multilingue
deepfake impersonate impersonation avatar hypertrucage usurpation
disinformation misinformation propaganda manipulation manipulate manipulative influence desinformation
  mesinformation
fraud scam phishing fraude arnaque hameconnage
fake counterfeit misleading deceptive faux trompeur
truth factual fact accuracy accurate inaccurate inaccuracy fiable fiabilite reliability reliable verite
  exactitude
error mistake hallucination hallucinate erreur
bias discrimination discriminatory prejudice unfair fairness biais prejuge equite
privacy personal private confidentiality confidential prive vie privee confidentialite
surveillance monitor monitoring watch facial recognition reconnaissance
security secure safe safety securite surete
vulnerability flaw exploit vulnerabilite faille
attack attacker attaque cyberattack cyber cybersecurity cybersecurite hack hacker hacking breach pirate
  piratage
jailbreak adversarial injection
weapon military army defense defence armed soldier battlefield war warfare arme armee militaire guerre
drone uav
robot robotic humanoid humanoide robotique
vehicle car driver driving taxi voiture vehicule conducteur conduite
energy electricity electric power grid energie electricite electrique
climate carbon emission environment environmental sustainability sustainable climat climatique environnement
  environnemental durabilite durable
water eau
hardware chip gpu processor semiconductor puce processeur materiel
memory ram storage memoire stockage
datacenter center centre campus
shortage scarcity penurie
cloud nuage
local locally onpremise offline locale hors
edge device phone smartphone laptop appareil telephone portable
open opensource ouvert libre
closed proprietary ferme proprietaire
sovereign sovereignty independence national europe european souverainete souverain europeen
china chinese chine chinois
export trade tariff sanction exportation
benchmark evaluation evaluate assessment metric score test testing evaluer mesure mesurer
transparency transparent explain explainable explainability interpretability opacity opaque transparence
  explicabilite
governance oversight policy gouvernance politique
ethic ethical responsible ethique responsable
alignment align misalignment misaligned alignement
existential extinction catastrophic catastrophe superintelligence agi existentiel
risk danger threat harm risque menace dommage
limit limitation weakness constraint limite
agent agentic autonomous autonomy autonome autonomie
assistant chatbot copilot conversational conversationnel
prompt instruction prompting consigne invite
code coding coder programmer programming developer software logiciel developpeur programmation
company firm business enterprise corporate organisation organization entreprise societe
manager management executive leadership gestion dirigeant encadrement
productivity efficiency efficient productive productivite efficacite efficace
automation automate automated automatic automatisation automatiser automatique
customer client consumer service consommateur
market competition competitor competitive monopoly dominance antitrust marche concurrence concurrent
concentration pouvoir
journalism journalist newsroom news press media journalisme journaliste presse
search engine recherche moteur
website site web page internet
scientist science scientific research researcher laboratory discovery scientifique chercheur laboratoire
  decouverte
mathematics mathematical proof theorem mathematique preuve
protein molecule drug medicament
document pdf paper file fichier
summarize summary summarise resume synthese
backlash protest resistance opposition opponent anxiety fear worry opinion contestation peur inquietude
lobby lobbying campaign advocacy coalition lobbyisme campagne plaidoyer
small compact lightweight tiny petit leger
large big grand gros
fast faster speed latency quick response rapide rapidite vitesse latence
long context contexte
reason reasoning thinking think raisonnement raisonner
retrieval rag augmented recuperation
specialized specialised specific domain vertical specialise domaine
multimodal modality vision visual multimodale modalite visuel
synthetic generated simulated synthetique genere
generative generation generatif
glass wearable lunette
space orbit orbital satellite espace orbite
tool api plugin integration connector outil connecteur
subscription plan quota tier abonnement forfait
talent acquisition acquire acquihire acquerir
"""


def _read() -> dict[str, str]:
    meanings: dict[str, str] = {}
    for line in _MEANINGS.strip().replace("\n  ", " ").splitlines():
        first, *_others = words = [stem(word) for word in line.split()]
        for word in words:
            meanings[word] = f"={first}"
    return meanings


MEANINGS: Final = _read()


def meanings(words: Words) -> list[str]:
    """The content words of a text, those of one meaning as the same word."""
    return [MEANINGS.get(word, word) for word in words.stems if word not in STOP_WORDS and len(word) > 1]
