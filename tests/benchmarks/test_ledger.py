"""The replay's ledger judges the product, so it has to notice what it is there for."""

from benchmarks.ledger import Ledger, Served, read_rss
from tests.ingestion.serving import item, rss

FEED = "/feeds/lab.xml"
HERE = "https://lab.example/log"


def ledger_of(*documents):
    ledger = Ledger()
    for document in documents:
        ledger.serve(FEED, document)
    return ledger


def entry(guid, title="One", text="words", link=HERE):
    return Served(guid, link, title, text)


def test_an_entry_without_an_article_is_lost_and_a_second_article_is_a_duplicate():
    ledger = ledger_of([entry("a", link=HERE + "/a"), entry("b", "Two", link=HERE + "/b")])
    balance = ledger.check([(FEED, HERE + "/a", {"One"}), (FEED, HERE + "/a/", {"One"})])
    assert (balance.lost, balance.duplicates) == (1, 1)


def test_an_article_at_an_address_that_nobody_served_is_a_duplicate():
    balance = ledger_of([entry("a")]).check([(FEED, HERE, {"One"}), (FEED, HERE + "/else", {"One"})])
    assert (balance.lost, balance.duplicates) == (0, 1)


def test_a_title_that_no_version_holds_is_lost():
    ledger = ledger_of([entry("a", "Before")], [entry("a", "After")])
    assert ledger.entries() == 1
    assert ledger.check([(FEED, HERE, {"After"})]).lost == 1
    assert ledger.check([(FEED, HERE, {"After", "Before"})]).lost == 0


def test_the_same_words_under_a_new_guid_are_one_entry_but_two_guids_in_one_document_are_two():
    assert ledger_of([entry("a")], [entry("b")]).entries() == 1
    assert ledger_of([entry("a"), entry("b")]).entries() == 2


def test_a_guid_that_stands_for_several_texts_is_as_many_entries():
    assert ledger_of([entry("a", text="first"), entry("a", text="second")]).entries() == 2


def test_fragments_tell_entries_apart():
    document = [entry("", link=HERE + "#1.2"), entry("", link=HERE + "#1.3")]
    ledger = ledger_of(document)
    assert ledger.entries() == 2
    assert ledger.check([(FEED, HERE + "#1.2", {"One"})]).lost == 1


def test_an_rss_document_is_read_without_the_products_parser():
    (served,) = read_rss(rss(item(7)))
    assert served == Served("guid-7", "https://lab.example/posts/7", "Entry number 7", "What entry 7 says.")
