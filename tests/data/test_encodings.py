"""Text files in other encodings than UTF-8."""

import pytest
from pydantic import ValidationError

from nntrain.data.tables.encodings import detected
from tests.support.data import load, refused

TEXT = "stadt,x,y\nKöln,1.5,süß\nWien,2.5,sauer\nZürich,3,süß\n"


def load_csv(folder, content: bytes, **options):
    (folder / "t.csv").write_bytes(content)
    return load({"csv": {"path": "t.csv"} | options}, folder).train


@pytest.mark.parametrize(
    "encoding", ["cp1252", "latin-1", "utf-16", "utf-16-le", "utf-8", "utf-8-sig", "cp850"]
)
def test_text_is_read_in_the_encoding_set(tmp_path, encoding):
    data = load_csv(tmp_path, TEXT.encode(encoding), encoding=encoding)
    assert data.one_hot[0].categories == ("Köln", "Wien", "Zürich")
    assert data.classes == ("sauer", "süß")


def test_a_mark_of_utf_8_counts_more_than_the_option(tmp_path):
    data = load_csv(tmp_path, TEXT.encode("utf-8-sig"), encoding="cp1252")
    assert data.classes == ("sauer", "süß")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (TEXT, "cp1252"),
        ("prix,y\n« cher » – 3 €,1\nbas,2\n", "cp1252"),
        ("город,y\nМосква,1\nКазань,2\n", "cp1251"),
        ("都市,y\n東京,1\nおおさか,2\n", "shift_jis"),
        ("城市,y\n北京,1\n上海,2\n", "gb18030"),
        (TEXT, "utf-16"),
        (TEXT, "utf-16-le"),
        (TEXT, "utf-16-be"),
        (TEXT, "utf-32"),
    ],
)
def test_the_error_names_the_likely_encoding(tmp_path, text, encoding):
    content = text.encode(encoding)
    assert f"Set `encoding: {encoding}`" in refused(load_csv, tmp_path, content)
    assert load_csv(tmp_path, content, encoding=encoding, target="y", header=True).target_names == ("y",)


def test_bytes_of_no_likely_encoding_have_none():
    assert detected(b"\x81\x01\x02\xff\xfe\xfd") == ""
    assert detected(b"") == ""


def test_another_encoding_than_the_one_set_is_an_error(tmp_path, wording):
    wording(refused(load_csv, tmp_path, TEXT.encode("utf-16"), encoding="ascii"))
    wording(refused(load_csv, tmp_path, TEXT.encode("cp1252"), encoding="ascii"))
    wording(refused(load_csv, tmp_path, TEXT.encode("cp1252"), encoding="utf-16"))


def test_an_unknown_encoding_is_refused(tmp_path, wording):
    for name in ("windows", "hex", "base64"):
        with pytest.raises(ValidationError) as raised:
            load_csv(tmp_path, b"", encoding=name)
        wording(raised.value.errors()[0]["msg"])
