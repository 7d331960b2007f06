"""Words that say what an article is: what no keyword holds, what categories speak of, who publishes what."""

from __future__ import annotations

from typing import Final


def word_set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# As compared (signals.tagging.words): folded, in the singular. None of these stands in a keyword.
_BREAKERS: Final = """
    alike faster exact swept wore felt expose renforce multiplient avancent misent soudain reconfigure urge suck
    harnessing rushing anymore else sent drove spoke sat stood face faced faces host hit gap outlet recent recente
    say told tell make made get got give gave take took come came go goe went want need know think look
    see find found show let keep kept put become became becoming turn seem appear remain stay help helped
    enable enabled allow allowed allowing launche launched launching announce announced announcing
    announcement introduce introduced introducing introduce unveil unveiled reveal revealed release
    released releasing reportedly according report reported confirm confirmed claim claimed warn warned
    explain explained describe described discover discovered discovery offer offered offering provide
    provided providing includ including include included featuring feature using used bring bringing
    brought built running run based led lead leading left lost won win raise raised raising buy bought
    acquire acquired sell sold pay paid add added adding cut drop dropped rise rising fall falling grow
    growing grew push pushe move moving start started starting begin began stop continue call called
    calling ask asked asking try trying tried expect expected seek seeking plan planned aim aiming create
    created creating write wrote written read reading learn learned watch join joined meet met follow
    following change changing changed happen happened expand expanding reduce reducing improve improving
    improved build building develop developing developed choose choosing solve solving fix fixed fixing
    handle ensure support supporting replace replacing shift understand understanding rethink explore
    exploring examine examining discus discussing address addressing deliver delivering drive driving
    driven actually already also almost alone again ahead around away back best better bigger biggest
    beyond currently despite early easily ever every everyone everything enough especially even exactly
    far few finally first five four fully further generally going half hard here however highly hundred
    instead just largely last late later latest least less likely little long longer lot many maybe mean
    million billion moment mostly much nearly never new newest next nobody nothing now often once one only
    others own past per perhap possibly pretty previously probably quickly quietly quite rapidly rather
    really recent recently right same second set several simply six since something sometime soon still
    sure ten third thousand three today together tomorrow tonight top towards trying truly two very way
    week weekly well whether whole without yesterday yet able across against along alongside among amid
    another anyone anything because become behind being below beside better both cannot couldn didn doesn
    don isn wasn won wouldn aren haven hasn due during either else etc following hadn including inside
    like meanwhile must near none nor off onto out outside over own please said shall should since someone
    such thank though through throughout thu till too toward under unless unlike until up upon versu via v
    week while within would year yes month day hour minute monday tuesday wednesday thursday friday
    saturday sunday january february march april june july august september october november december ago
    jan feb mar apr jun jul aug sep sept oct nov dec good great big bad huge massive major small important
    different interesting available possible ready free easy simple full real actual certain various
    entire single key main thing way lot kind sort bit piece example reason fact case part side place
    point end top number discuss encourage contrast possess lack oversee enhance assist involve earn argue
    indicate showcase highlight emphasize prevent arise insist recommend leverage harness redefine
    reassess prepare struggle lean amortit drew getting violate amid amidst yourself themselve themselves
    itself himself herself ourselve former formerly appropriate subsequent inform suggest represent
    require contain combine encouraging relying rely remind consider insiste recommande derriere sein
    tendance dirige cree caractere nombre hausse baisse ait pu conclusion learn discover guide overview
    introduction summary article post story read more conclusion apre avant avec aucun aussi autant autour
    autre avoir beaucoup bien bientot bon cela celle celui ceux chaque chez comment contre cour dan
    davantage deja depui dernier derniere desormais dessou deux devant devenir devient devra devrait dire
    dit doit doivent donc elle encore enfin ensuite entre environ est etaient etait ete etre eux face
    faire fait faut fin fois font grace grand grande gros hier hui aujourd ici ainsi alor jamai jour jusqu
    lance lancer lancent lequel laquelle loin long longue lor lorsque mai malgre meilleur meilleure meme
    mieux million milliard millier mise mettre met moi moin moins mois montre mesure nombreux nombreuse
    notamment nouveau nouveaute nouvel nouvelle nouveaux objectif parfois parmi particulierement partir
    passe pendant permet permettent permettra permettre petit petite peu peut peuvent plein plu plupart
    plusieur pourquoi pourrait pourraient pourtant premier premiere prend prendre presque prochain
    prochaine propose proposer propre puisque quand quatre que quel quelle quelque qui quoi rend rendre
    rest reste revient rien sait sans savoir selon semaine semble sera seul seule seulement soit sont
    souvent surtout tandis tel telle tou toujour tout trois trop trouver utilise utiliser va vers veut
    veulent vient vise viser voici voila voir voit vraiment vrai ans annee annonce annoncer annoncent
    confirme devoile devoiler devoilent revele revelent explique affirme assure promet presente presenter
    presentent publie publier arrive arriver debut cote coup point pense ajoute accuse veille directement
    comme dont mai eme avait aurait serait etre ayant etant suite sous sur afin alors apres lors vise
    quant lundi mardi mercredi jeudi vendredi samedi dimanche janvier fevrier mar avril mai juin juillet
    aout septembre octobre novembre decembre
"""
BREAKERS: Final = word_set(_BREAKERS)

# Fine inside a keyword, too little alone.
_WEAK: Final = """
    ai ia work time use test report plan project team people company product service system tool
    technology tech business industry world country market user customer problem solution idea question
    answer issue result future power level process approach experience version update change group list
    line life home house name content source page site web app application platform program information
    data value cost price deal action role state form type model code build feature engine line step base
    start view review support research launch release demand need help control risk impact access open
    public private digital global human social online local national international american european
    chinese modern advanced smart fast large high low powerful secure safe critical complex personal
    professional technical official early latest daily general specific current common popular special
    entreprise outil systeme produit service projet equipe monde pay marche client utilisateur probleme
    question reponse resultat niveau usage version groupe nom site page plateforme solution technique
    technologie numerique donnee moyen offre prix acces travail type forme exemple strategie objectif
    besoin choix debat sujet titre place role vie temp gen mise americain americaine francais francaise
    europeen europeenne chinois chinoise mondial mondiale nouveau majeur majeure important importante
    simple reel reelle capable disponible puissant economique strategique sector secteur acteur ceo pdg
    expert official spokesperson founder author writer analyst reporter speaker featured comment video
    photo image expert leader effort goal concern challenge opportunity advantage benefit ability
    capability implication transformation impact evolution importance perspective
"""
WEAK: Final = word_set(_WEAK)

# What a category speaks of, as compared. The categories are those that notes state.
_SUBJECTS: Final = {
    "politics": """
    government gouvernement regulation regulator regulatory reglementation regulateur law legislation
    legislator lawmaker loi congress congre senate senator senat senateur parliament parlement minister
    ministre ministry ministere trump biden macron congressional republican democrat democratic election
    electoral vote voter political politique politic policy geopolitic geopolitical geopolitique pentagon
    pentagone military militaire army armee war guerre defense soldier nato otan russia russie ukraine
    iran israel china beijing pekin sanction tariff treaty summit sommet court lawsuit sue judge juge
    tribunal justice ftc doj cnil gdpr rgpd antitrust ban propaganda disinformation desinformation
    diplomatic diplomacy sovereignty souverainete state federal bruxelle brussel commission surveillance
    immigration legislative bill act executive hegseth homeland ice governor mayor department censorship
    democracy democratie kremlin weapon arme missile drone troop border espionage spy
""",
    "business": """
    revenue profit earning investor investisseur investment investissement funding valuation valorisation
    ipo stock bourse shareholder actionnaire acquisition merger startup unicorn venture billion milliard
    million market marche layoff licenciement ceo pdg executive hiring salary employee employer workforce
    management manager leadership consulting bank banque finance financial financier economy economie
    economic economique budget price pricing croissance growth sale vente retail partnership partenariat
    customer client entrepreneur founder fundraising round raise levee fond capital wall dollar euro
    inflation trader trading bitcoin ethereum crypto cryptomonnaie stablecoin token etf commerce marketing
    advertiser insurance accounting board productivity quarter quarterly
""",
    "science": """
    scientist scientifique researcher chercheur study etude physic physique chemistry chimie biology
    biologie biological astronomy astronomie telescope nasa space spatial rocket lune moon planet planete
    galaxy asteroid climate climat climatique species espece animal gene genome genetic protein proteine
    cell cellule cancer disease maladie patient medical medicine medecine clinical vaccine drug brain
    cerveau neuroscience hypothesis experiment laboratory laboratoire theorem mathematic mathematician
    mathematique quantum quantique fusion reactor nuclear nucleaire fossil archaeologist peer arxiv paper
    dataset empirical methodology astronaut orbit molecule molecular material therapy trial universite
    university
""",
    "art": """
    film movie cinema actor actress hollywood netflix disney song chanson music musique musical musician
    musicien album artist artiste art artwork painting peinture museum musee theatre dance danse novel
    roman novelist poet poetry poesie book livre festival oscar concert singer chanteur composer opera
    exhibition exposition designer photographer tv televiseries serie anime streaming hbo spotify
    soundtrack culture culturel culturelle
""",
    "technology": """
    ai ia llm llms gpt chatgpt openai anthropic claude gemini chatbot agent agentic model modele software
    logiciel hardware app application api code coding developer developpeur programming github python
    linux windows android ios iphone smartphone laptop ordinateur computer gpu chip puce processor nvidia
    intel amd server serveur cloud data database algorithm algorithme algorithmic machine neural robot
    robotic robotique cybersecurity cybersecurite malware vulnerability vulnerabilite hacker ransomware
    exploit phishing browser navigateur web internet platform plateforme google microsoft apple meta
    samsung amazon tesla digital numerique technology technologie tech automation encryption password
    device appareil camera wearable firmware update kernel open benchmark prompt token inference
    transformer artificial artificielle deepfake deepmind openclaw mistral copilot codex siri usb wifi
    bluetooth ecran galaxy pixel console gaming jeu game headset aspirateur electric vehicle
""",
}
SUBJECTS: Final = {category: word_set(words) for category, words in _SUBJECTS.items()}

# Sections of sites, as they stand in addresses and feeds' categories.
_SECTIONS: Final = {
    "politics": """
    policy tech-policy politics politique us-politics us-news us-news international-politics world
    worldnews monde geopolitics law-and-policy public-policy government elections national-security
    military justice tribunaux legal
""",
    "business": """
    business economie economy markets finance money startups start-up start-ups venture companies bourse
    entreprises entreprise management retail emploi jobs fintech cryptocurrency bitcoin ethereum defi
    trading crypto leadership investing ai-business levee-de-fonds small-business
""",
    "science": """
    science sciences space espace health sante medecine environment climate planete physics biology
    astronomy nature cs.ai cs.cl cs.lg medical
""",
    "art": """
    culture pop-culture entertainment music musique cinema cine-svod movies film tv-shows tv books livres
    arts art streaming gallery games-culture
""",
    "technology": """
    tech technology technologie technologies gadgets computing software hardware security cybersecurity
    cybersecurite cyberguerre ai artificial-intelligence intelligence-artificielle
    ai-artificial-intelligence informatique developer developers engineering high-tech phones smartphones
    telephone-portable vpn laptops apple google android microsoft mobile gaming machine-learning llm llms
    programming web internet
""",
}
SECTIONS: Final = {section: category for category, words in _SECTIONS.items() for section in words.split()}

SCIENCE_HOSTS: Final = word_set("""
    arxiv.org nature.com science.org sciencedirect.com biorxiv.org medrxiv.org plos.org cell.com pnas.org
    newscientist.com scientificamerican.com phys.org quantamagazine.org openreview.net aclanthology.org
    nih.gov techniques-ingenieur.fr cnrs.fr inserm.fr inria.fr hal.science
""")
RESEARCH_HOSTS: Final = word_set("""
    arxiv.org biorxiv.org medrxiv.org openreview.net aclanthology.org sciencedirect.com pnas.org plos.org
    springer.com ieeexplore.ieee.org dl.acm.org papers.ssrn.com ssrn.com hal.science jmlr.org mlr.press
    proceedings.neurips.cc distill.pub transformer-circuits.pub semanticscholar.org
""")
PRESS_HOSTS: Final = word_set(
    "prnewswire.com businesswire.com globenewswire.com accesswire.com einpresswire.com newswire.ca"
)
VIDEO_HOSTS: Final = word_set("youtube.com youtu.be vimeo.com dailymotion.com twitch.tv ted.com")
PODCAST_HOSTS: Final = word_set("""
    changelog.com podcasts.apple.com buzzsprout.com libsyn.com podbean.com simplecast.com transistor.fm
    acast.com captivate.fm anchor.fm soundcloud.com ausha.co
""")
BLOG_HOSTS: Final = word_set("""
    medium.com substack.com dev.to github.io wordpress.com blogspot.com hashnode.dev ghost.io bearblog.dev
    towardsdatascience.com towardsai.net hackernoon.com freedium.cloud simonwillison.net kessel.media
    beehiiv.com every.to openai.com anthropic.com github.blog googleblog.com blog.google huggingface.co
    mistral.ai cohere.com deepmind.google claude.com cursor.com windsurf.com dagster.io weaviate.io
    pinecone.io ollama.com x.ai groq.com meta.com ai.meta.com amazon.science nvidia.com cloudflare.com
    databricks.com perplexity.ai tumblr.com oneusefulthing.org exponentialview.co deeplearning.ai
    mckinsey.com arduino.cc raspberrypi.com adafruit.com far.ai goodfire.ai timaeus.co transluce.org
    surgehq.ai paulgraham.com lesswrong.com korben.info stackoverflow.blog martinfowler.com
    netflixtechblog.com jvns.ca danluu.com developpez.net latent.space interconnects.ai chanderramesh.com
    hamel.dev lilianweng.github.io karpathy.ai promptarmor.com
""")
NEWS_HOSTS: Final = word_set("""
    techcrunch.com techradar.com wired.com theverge.com generation-nt.com bleepingcomputer.com
    journaldunet.com thehackernews.com arstechnica.com lesnumeriques.com 9to5mac.com numerama.com next.ink
    frandroid.com technologyreview.com inc.com neowin.net securityweek.com artificialintelligence-news.com
    journaldugeek.com macrumors.com frenchweb.fr cointelegraph.com siecledigital.fr coindesk.com
    appleinsider.com decrypt.co france24.com phoronix.com macworld.com cryptoast.fr bbc.com bbc.co.uk
    programmez.com journalducoin.com iotbusinessnews.com theblock.co cointribune.com gamingonlinux.com
    theguardian.com marketwatch.com iphon.fr lemonde.fr lwn.net aljazeera.com embedded.com developpez.com
    cultofmac.com thenewstack.io franceinfo.fr francetvinfo.fr maddyness.com npr.org windowslatest.com
    omgubuntu.co.uk itsfoss.com ledauphine.com newscientist.com cnbc.com macobserver.com theregister.com
    undernews.fr zataz.com venturebeat.com lefigaro.fr framboise314.fr linuxfr.org tomshardware.com
    cio.com krebsonsecurity.com ouest-france.fr infoq.com nytimes.com washingtonpost.com reuters.com
    apnews.com bloomberg.com ft.com wsj.com cnn.com foxnews.com nbcnews.com cbsnews.com abcnews.go.com
    usatoday.com latimes.com economist.com forbes.com fortune.com businessinsider.com axios.com
    politico.com politico.eu thehill.com time.com vice.com zdnet.com zdnet.fr engadget.com gizmodo.com
    mashable.com cnet.com pcmag.com pcworld.com digitaltrends.com theinformation.com semafor.com
    404media.co the-decoder.com actuia.com liberation.fr lesechos.fr latribune.fr leparisien.fr
    lexpress.fr lepoint.fr 20minutes.fr bfmtv.com usine-digitale.fr usinenouvelle.com 01net.com clubic.com
    rfi.fr euronews.com mediapart.fr ladn.eu lemondeinformatique.fr silicon.fr solutions-numeriques.com
    maison-et-domotique.com twz.com crunchbase.com scmp.com nikkei.com straitstimes.com theatlantic.com
    newyorker.com hollywoodreporter.com variety.com independent.co.uk telegraph.co.uk sky.com
    xda-developers.com androidauthority.com androidcentral.com 9to5google.com creativebloq.com
    digitaltrends.com bitcoinmagazine.com ieee.org
""")
