"""What inputs are made of: samples of every format, small ones of our own, and the words that mean something in it."""

# ruff: noqa: E501 -- samples stand as they are in files

from __future__ import annotations

import io
import re
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).parents[2]
_LONGEST = 16_384  # bytes; of a longer file, its beginning and its end
_REAL = PROJECT.parent / "shared" / "data" / "formats"
_REAL_NAMES = {"arxiv_atom": "arxiv_api_atom", "arxiv_json": "arxiv_metadata_jsonl", "jsonl": "arxiv_metadata_jsonl"}

_ATOM = """<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom"><entry>
<id>http://arxiv.org/abs/2010.00001v1</id><title>A title</title><summary>An abstract &amp; more.</summary>
<published>2020-10-07T00:00:00Z</published><author><name>Ada Müller</name></author>
<arxiv:primary_category term="cs.CV"/><category term="cs.LG"/></entry></feed>
"""
_OAI = """<?xml version="1.0" encoding="UTF-8"?>
<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><ListRecords><record><header>
<identifier>oai:arXiv.org:2010.00001</identifier><datestamp>2020-10-07</datestamp></header><metadata>
<arXiv xmlns="http://arxiv.org/OAI/arXiv/"><id>2010.00001</id><created>2020-10-07</created><authors><author>
<keyname>M\u00fcller</keyname><forenames>Ada</forenames></author></authors><title>A title</title>
<categories>cs.CV cs.LG</categories><abstract>An abstract.</abstract></arXiv></metadata></record></ListRecords></OAI-PMH>
"""
_RSS = """<?xml version="1.0" encoding="UTF-8"?>
<rss xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" version="2.0"><channel>
<title>cs.CV updates on arXiv.org</title><item><title>A title</title><link>https://arxiv.org/abs/2010.00001</link>
<description>arXiv:2010.00001v1 Announce Type: new Abstract: An abstract.</description>
<category>cs.CV</category><dc:creator>Ada M\u00fcller, Bo</dc:creator></item></channel></rss>
"""
_PUBMED = """<?xml version="1.0" ?><!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle//EN" "https://dtd.nlm.nih.gov/x.dtd">
<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID Version="1">123</PMID><Article><Journal><JournalIssue><PubDate>
<Year>2020</Year><Month>Oct</Month></PubDate></JournalIssue></Journal><ArticleTitle>A <i>title</i></ArticleTitle><Abstract>
<AbstractText Label="AIM">An abstract.</AbstractText></Abstract><AuthorList><Author><LastName>M\u00fcller</LastName>
<ForeName>Ada</ForeName></Author></AuthorList></Article></MedlineCitation></PubmedArticle></PubmedArticleSet>
"""
_ACL = """<?xml version='1.0' encoding='UTF-8'?>
<collection id="2020.acl"><volume id="main"><meta><booktitle>ACL</booktitle><year>2020</year></meta><paper id="1">
<title>A <fixed-case>T</fixed-case>itle</title><author><first>Ada</first><last>M\u00fcller</last></author>
<abstract>An abstract.</abstract><url hash="1">2020.acl-main.1</url></paper></volume></collection>
"""
_DIGEST = """# ArXiv cs.CV --Wed, 7 Oct 2020
### 1.A title [ :arrow_down: ](https://arxiv.org/pdf/2010.00001.pdf)
>  An abstract of $x^2$. <br>
### 2.Another [ :arrow_down: ](https://arxiv.org/pdf/2010.00002.pdf)
>  More.
"""
_BIBTEX = r"""@string{j = "Journal"}
@article{key1, title = {A {T}itle}, author = {M{\"u}ller, Ada and Bo, C.}, abstract = "An abstract",
  journal = j # " of", year = 2020, month = oct, eprint = {2010.00001}, archiveprefix = {arXiv}, doi = {10.1/x}}
"""
_RIS = "TY  - JOUR\r\nTI  - A title\r\nAU  - M\u00fcller, Ada\r\nPY  - 2020/10/07/\r\nAB  - An abstract.\r\nDO  - 10.1/x\r\nER  - \r\n"
_NBIB = "PMID- 123\nDP  - 2020 Oct 7\nTI  - A title\n      of two lines\nAB  - An abstract.\nFAU - M\u00fcller, Ada\nAID - 10.1/x [doi]\n\n"
_CSV = 'id,title,abstract,authors,year,doi\n1,"A title","An abstract, ""quoted""","Ada M\u00fcller; Bo",2020,10.1/x\n2,Another,,,,\n'
_TSV = "title\tabstract\nA title\tAn abstract\n"
_JSONL = (
    '{"id": "2010.00001", "title": "A title", "abstract": "An abstract", "authors": ["Ada M\u00fcller"], "date": "2020-10-07"}\n'
    '{"title": "Another", "authors": "A. B. and C. D.", "doi": "10.1/x"}\n'
)
_ARXIV_JSON = (
    '{"id":"2010.00001","submitter":"Ada","authors":"Ada M\u00fcller, Bo","title":"A title","comments":null,"journal-ref":null,'
    '"doi":"10.1/x","categories":"cs.CV cs.LG","abstract":"  An abstract\\n","versions":[{"version":"v1","created":'
    '"Wed, 7 Oct 2020 00:00:00 GMT"}],"update_date":"2020-10-08","authors_parsed":[["M\u00fcller","Ada",""]]}\n'
)
_CSL = (
    '[{"id": "key", "type": "article-journal", "title": "A title", "abstract": "<p>An abstract</p>", "DOI": "10.1/x",'
    ' "author": [{"family": "M\u00fcller", "given": "Ada"}], "issued": {"date-parts": [[2020, 10, 7]]}}]'
)
_OPENALEX = (
    '{"meta": {"count": 1}, "results": [{"id": "https://openalex.org/W123", "doi": "https://doi.org/10.1/x", "title": "A title",'
    ' "display_name": "A title", "publication_date": "2020-10-07", "authorships": [{"author": {"display_name": "Ada"}}],'
    ' "abstract_inverted_index": {"An": [0], "abstract": [1, 3], "or": [2]}, "ids": {"pmid": "https://pubmed.ncbi.nlm.nih.gov/1"}}]}'
)
_S2 = (
    '{"paperId": "abc", "corpusId": 123, "externalIds": {"ArXiv": "2010.00001", "DOI": "10.1/x"}, "title": "A title",'
    ' "abstract": "An abstract", "year": 2020, "authors": [{"authorId": "1", "name": "Ada"}], "fieldsOfStudy": ["CS"]}\n'
    '{"paper_id": "1", "title": "A title", "abstract": "An abstract", "year": 2020, "arxiv_id": null, "authors":'
    ' [{"first": "Ada", "middle": ["B."], "last": "M", "suffix": ""}]}\n'
)
_CROSSREF = (
    '{"status": "ok", "message-type": "work-list", "message": {"items": [{"DOI": "10.1/x", "title": ["A title"], "abstract":'
    ' "<jats:p>An abstract</jats:p>", "author": [{"given": "Ada", "family": "M\u00fcller"}], "issued": {"date-parts": [[2020]]}}]}}'
)
_OWN: dict[str, tuple[str, ...]] = {
    "acl": (_ACL,), "arxiv_atom": (_ATOM,), "arxiv_json": (_ARXIV_JSON,), "arxiv_oai": (_OAI,), "arxiv_rss": (_RSS,),
    "bibtex": (_BIBTEX,), "crossref": (_CROSSREF,), "csl_json": (_CSL,), "csv": (_CSV, _TSV), "digest": (_DIGEST,),
    "jsonl": (_JSONL,), "nbib": (_NBIB,), "openalex": (_OPENALEX,), "pubmed_xml": (_PUBMED,), "ris": (_RIS,),
    "semantic_scholar": (_S2,),
}  # fmt: skip

_ANYWHERE = (
    b"\0", b"\xff", b"\xfe\xff", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\n", b"\r\n", b"\x1a", b"\x0b", b"\x85", b"\x1b[2J",
    b"\xe2\x80\xa8", b"\xe2\x80\xae", b"\xed\xa0\x80", b"\xcc\x81", b"\xf0\x9f\x98\x80", b" ", b"\t", b"\\", b"$", b"%", b"~",
    b"9" * 400, b"-1", b"1e999", b"0000-00-00", b"2020-02-30", b"10.48550/arXiv.2010.00001", b"javascript:alert(1)",
    "\u0130".encode(), "\ufdfa".encode(), "\u3000".encode(), b"\\begin{a}", b"\\\"{", b"{\\", b"$\\",
)  # fmt: skip
_OF_XML = (
    b"<![CDATA[", b"]]>", b"<!--", b"-->", b"<?", b"?>", b"<", b">", b"</", b"/>", b"&", b"&#0;", b"&#x110000;", b"&amp;",
    b"&none;", b"&lt;p&gt;", b"<!DOCTYPE a [", b"<!ENTITY a \"&b;\">", b"<a>", b"<p>", b"<br/>", b' xmlns="x"', b'="', b"'",
    b'<?xml version="1.0" encoding="utf-16"?>', b'<?xml version="1.1" encoding="none"?>', b'encoding="ebcdic-cp-us"',
)  # fmt: skip
_OF_JSON = (
    b"{", b"}", b"[", b"]", b'"', b",", b":", b"null", b"true", b"NaN", b"-Infinity", b"\\u0000", b"\\ud800", b"\\udc00\\ud800",
    b"[[[[", b'{"a":', b"{}", b"[]", b'""', b"1.5", b"-0", b'"title":', b'"abstract":', b'"id":', b"0e0", b"1" * 5_000, b"/*", b"//",
)  # fmt: skip
_OF_TEXT = (
    b'"', b'""', b"'", b",", b";", b"|", b"\t", b"@", b"@article{", b"@string{", b"@comment{", b"{", b"}", b"#", b"=", b"(", b")",
    b"TY  - ", b"ER  - ", b"  - ", b"\n      ", b"PMID- ", b"### 1.", b"# ArXiv ", b"<br>", b"sep=;", b"\r\r", b'\n"', b'"\n',
)  # fmt: skip


@cache
def seeds(reader: str) -> tuple[bytes, ...]:
    """Return samples for `reader`; of one that has none, those of all others."""
    found = [text.encode() for text in _OWN.get(reader, ())]
    for folder in (PROJECT / "tests" / "samples" / reader, _REAL / _REAL_NAMES.get(reader, reader)):
        found += [_cut(file.read_bytes()) for file in sorted(folder.glob("*")) if file.is_file()]
    if reader == "parquet":
        found += _parquet()
    return tuple(found) or everything()


@cache
def everything() -> tuple[bytes, ...]:
    """Return small samples of all formats, which are mixed into those of each."""
    return tuple(text.encode() for texts in _OWN.values() for text in texts)


@cache
def tokens(reader: str) -> tuple[bytes, ...]:
    """Return what means something in the format of `reader`, the names in its samples included."""
    samples = seeds(reader)
    own = {
        word
        for sample in samples
        for word in re.findall(rb"</?[\w:.-]{1,30}|\"?[A-Za-z_][\w-]{2,20}\"?\s?[:=]", sample)
    }
    kinds = _OF_XML if any(b"<?xml" in sample for sample in samples) else ()
    kinds += _OF_JSON if any(sample.lstrip()[:1] in b"{[" for sample in samples) else ()
    return (*_ANYWHERE, *(kinds or _OF_TEXT), *sorted(own)[:100])


def _cut(sample: bytes) -> bytes:
    return sample if len(sample) <= _LONGEST else sample[: _LONGEST - 1_024] + sample[-1_024:]


def _parquet() -> list[bytes]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({
        "id": ["1", None], "title": ["A title", "Another"], "abstract": ["An abstract", None], "year": [2020, None],
        "authors": [["Ada", "Bo"], []], "ids": [{"doi": "10.1/x"}, None],
    })  # fmt: skip
    found = []
    for compression in ("none", "snappy", "zstd"):
        sink = io.BytesIO()
        pq.write_table(table, sink, compression=compression)
        found.append(sink.getvalue())
    return found
