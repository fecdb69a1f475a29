"""ARFF as Weka, MOA and KEEL write it, and what cannot be used in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from alpha_pulse.core.errors import DataError
from alpha_pulse.evaluation.streams.base import Stream
from alpha_pulse.evaluation.streams.named import open_stream

HEAD = (
    "@relation r\n%% remark\n@attribute a numeric\n@attribute 'b c' {low, high}\n@ATTRIBUTE d {3,1}\n@attribute class {%s}\n\n"
    "@DATA\n"
)
TWO = HEAD % "0,1"
PAIR = "@relation r\n@attribute a numeric\n@attribute class {p,n}\n@data\n"


def read(folder: Path, text: str, target: str | None = None) -> Stream:
    (folder / "s.arff").write_text(text, encoding="utf-8")
    return open_stream(str(folder / "s.arff"), target)


def test_of_two_classes_the_one_listed_first_is_label_1(tmp_path: Path) -> None:
    stream = read(tmp_path, HEAD % "UP,DOWN" + "1.5,high,1,DOWN\n% remark\n\n2, low,3,'UP'\n")
    assert stream.features.tolist() == [[1.5, 1.0, 1.0], [2.0, 0.0, 3.0]]
    assert (stream.labels.tolist(), stream.classes) == ([0, 1], ("DOWN", "UP"))


def test_of_more_classes_the_label_is_the_place(tmp_path: Path) -> None:
    text = HEAD % "x,y,z" + "1,high,1,z\n2,low,3,x\n"
    assert read(tmp_path, text).labels.tolist() == [2, 0]
    other = read(tmp_path, text, target="b c")
    assert other.features[:, 2].tolist() == [2.0, 0.0]
    assert other.labels.tolist() == [0, 1]


@pytest.mark.parametrize(
    "rows",
    [
        "1,p\n2,n\n",
        "1,p,\n2,n,\n",
        "1,p\n2,n,\n",
        " 1 , p \n\n  \n\t2\t,\tn\t\n",
        "1\tp\n2\tn\n",
        "1 p % remark\n2   'n'\n",
        "1,p % remark\n% remark, with commas\n2,'n'% remark\n",
        '"1","p"\n2,"n"\n',
        "1,p,{1}\n2,n,{1.0}\n",
        "{0 1}\n{0 2, 1 n}\n",
        "{ 0 1 , 1 'p' } , {1} % remark\n{1 n,0 2,}\n",
        "1,p\r\n2,n\r\n",
        "1,p\r2,n\r",
    ],
)
def test_rows_are_read_as_the_fields_readers_take_them(tmp_path: Path, rows: str) -> None:
    stream = read(tmp_path, PAIR + rows)
    assert (stream.features.tolist(), stream.labels.tolist(), stream.classes) == ([[1.0], [2.0]], [1, 0], ("n", "p"))


@pytest.mark.parametrize(
    ("listed", "first", "second", "classes"),
    [
        (r"'it\'s', b", r"'it\'s'", "b", ("b", "it's")),
        (r"'it''s', b", r'"it\'s"', "b", ("b", "it's")),
        ("o'x, b", "o'x", "b", ("b", "o'x")),
        ("'a,b', 'c}d'", "'a,b'", "'c}d'", ("c}d", "a,b")),
        ("'5%', \"6 %\"", "'5%'", "'6 %'", ("6 %", "5%")),
        ("5%, 6%", "5%", "6%", ("6%", "5%")),
        (r"'\\', '\u0041\t'", r"'\\'", r"'A\t'", ("A\t", "\\")),
        ("-1,1} % {no, yes", "-1", "1", ("1", "-1")),
        ("a b", "a", "b", ("b", "a")),
        ("'{','?'", "'{'", "'?'", ("?", "{")),
        ("New York, Rio", "New York", "Rio", ("Rio", "New York")),
        ("0, 1", "0.0", "1.00", ("1", "0")),
        ("'', x", "''", "x", ("x", "")),
    ],
)
def test_values_have_quotes_escapes_and_comments(
    tmp_path: Path, listed: str, first: str, second: str, classes: tuple[str, str]
) -> None:
    head = "@relation r\n@attribute a numeric\n@attribute class {" + listed + "}\n@data % rows\n"
    stream = read(tmp_path, f"{head}0,{first}\n1,{second}\n")
    assert (stream.classes, stream.labels.tolist()) == (classes, [1, 0])


@pytest.mark.parametrize(
    "head",
    [
        "\ufeff@attribute a numeric\n@attribute class {p,n}\n@data\n",
        "\ufeff% remark\n\n  @RELATION 'r s'\n@Attribute\ta\tREAL\n@ATTRIBUTE class{p,n}\n  @DATA  \n",
        "@relation r\n@attribute 'a' integer [0, 10]\n@attribute class {p,n}\n@inputs a\n@outputs class\n@data\n",
        '@relation r % remark\n@attribute a real[0.0,1.0] % remark\n@attribute "class" { p , n }% remark\n@data% rows\n',
        "@relation r\r\n@attribute a numeric\r\n@attribute class {p,n}\r\n@data\r\n",
    ],
)
def test_headers_are_read_as_the_fields_writers_write_them(tmp_path: Path, head: str) -> None:
    stream = read(tmp_path, head + "1,p\n2,n\n")
    assert (stream.features.tolist(), stream.labels.tolist(), stream.classes) == ([[1.0], [2.0]], [1, 0], ("n", "p"))


def test_a_character_that_others_take_for_the_end_of_a_line_is_part_of_its_value(tmp_path: Path) -> None:
    text = PAIR.replace("p,n", "'p\u2028q\x0b',n") + "1,'p\u2028q\x0b'\n2,n\n"
    assert read(tmp_path, text).classes == ("n", "p\u2028q\x0b")


def test_a_date_is_milliseconds_since_1970(tmp_path: Path) -> None:
    head = "@relation r\n@attribute t date %s\n@attribute class {p,n}\n@data\n"
    for written, cell in (
        ('"yyyy-MM-dd HH:mm:ss"', '"1970-01-02 00:00:01"'),
        ("'dd.MM.yyyy HH:mm:ss.SSS'", "'02.01.1970 00:00:01.000'"),
        ("", "1970-01-02T00:00:01"),
    ):
        stream = read(tmp_path, head % written + f"{cell},p\n{cell},n\n")
        assert stream.features[0, 0] == 86_401_000.0
    with pytest.raises(DataError, match="row 1: attribute 't' is 'x', but a date like 2001-02-28T13:30:00 is expected"):
        read(tmp_path, head % "" + "x,p\n")
    with pytest.raises(DataError, match="in which 'EEE' is not supported"):
        read(tmp_path, head % '"EEE yyyy"' + "x,p\n")


def test_a_sparse_row_leaves_out_zeros_and_first_values(tmp_path: Path) -> None:
    stream = read(tmp_path, TWO + "{}\n{1 high, 3 1}\n{0 2.5,2 1}\n")
    assert stream.features.tolist() == [[0.0, 0.0, 3.0], [0.0, 1.0, 3.0], [2.5, 0.0, 1.0]]
    assert stream.labels.tolist() == [1, 0, 1]


def test_150_classes_are_taken_and_1001_are_not(tmp_path: Path) -> None:
    head = "@relation r\n@attribute a numeric\n@attribute class {%s}\n@data\n"
    stream = read(tmp_path, head % ",".join(f"c{k}" for k in range(150)) + "1,c149\n2,c0\n")
    assert (stream.n_classes, stream.labels.tolist()) == (150, [149, 0])
    with pytest.raises(DataError, match="a list of 2 to 1,000 values"):
        read(tmp_path, head % ",".join(f"c{k}" for k in range(1_001)) + "1,c149\n2,c0\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("@attribute a numeric\n@data\n1\n", "has 1 column"),
        ("@attribute a numeric\n@attribute b numeric\n@data\n1,2\n", "not a class"),
        ("@attribute a numeric\n@attribute class {0,1}\n1,0\n", "no line @data"),
        ("@attribute a numeric\n@attribute class {0,1}\n@data\n% none\n", "no row below @data"),
        ("@relation r\n@data\n1\n", "declares no attribute"),
        ("@attribute a string\n@attribute class {0,1}\n@data\nx,1\n", "it declares text, which cannot be a feature"),
        ("@attribute a relational\n@attribute class {0,1}\n@data\nx,1\n", "a nested table, which is not supported"),
        ("@attribute a complex\n@attribute class {0,1}\n@data\nx,1\n", "expected the kind numeric, real, integer, date"),
        ("@attribute a numeric and more\n@attribute class {0,1}\n@data\nx,1\n", "expected the kind"),
        ("@attribute a\n@attribute class {0,1}\n@data\nx,1\n", "expected @attribute, a name and a kind"),
        ("@attribute a numeric\n@atribute class {0,1}\n@data\nx,1\n", "did you mean '@attribute'"),
        ("@attribute a numeric\nclass {0,1}\n@data\nx,1\n", "has the line 'class \\{0,1}' above @data"),
        ("@attribute a numeric\n@attribute a numeric\n@attribute class {0,1}\n@data\n1,1,1\n", "two attributes 'a'"),
        ("@attribute a numeric\n@attribute class {0,1\n@data\n1,1\n", "without its closing brace"),
        ("@attribute a numeric\n@attribute class {}\n@data\n1,1\n", "has no value"),
        ("@attribute a numeric\n@attribute class {0,1,0}\n@data\n1,1\n", "has the value '0' twice"),
        ("@attribute a numeric\n@attribute class {0,1,1.0}\n@data\n1,1\n", "lists one number twice"),
        (TWO + "1,high,1,0\n?,high,1,0\n", r"row 2: column 'a' is '\?', but a number"),
        (TWO + "1,high,1,0\n1,?,1,0\n", r"row 2: attribute 'b c' is '\?', a missing value, but one of low, high"),
        (TWO + "1,high,1,0\n1,low,1,?\n", r"row 2: attribute 'class' is '\?', a missing value, but one of 0, 1"),
        (TWO + "1,high,1,0\n1,high,1,2\n", "row 2: attribute 'class' is '2'"),
        (TWO + "1,high,1,0\n1,High,1,1\n", "row 2: attribute 'b c' is 'High'"),
        (TWO + "1,high,1,0\n1,high,,1\n", "row 2: attribute 'd' has no value"),
        (TWO + "1,high,1,0\n1,high,1\n", "row 2: 3 values, but 4 attributes are declared"),
        (TWO + "1,high,1,0\n1,high,1,0,5\n", "row 2: 5 values"),
        (TWO + "1,high,1,0\n1,high,1,0,,\n", "row 2: 6 values"),
        (TWO + "1,high,1,0\n1,'high,1,0\n", "row 2: the quotes in .* cannot be read"),
        (TWO + "1,high,1,0\n1,'high'x,1,0\n", "row 2: the quotes in .* cannot be read"),
        (
            TWO + "{0 1, 1 high}\n{4 1}\n",
            "row 2: '4 1' is not an entry of a sparse row; expected .* from 0 to 3",
        ),
        (TWO + "{0 1, 0 2}\n", "row 1: '0 2' is not an entry of a sparse row"),
        (TWO + "{0 1, 1 high\n", "row 1: .* is not an entry of a sparse row"),
        (TWO + "1,high,1,0,{5}\n", "row 1: the weight is 5, but examples of a stream have no weights"),
        (TWO + "1,high,1,0\nnan,high,1,0\n", "but a finite number"),
    ],
)
def test_arff_that_cannot_be_used_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        read(tmp_path, text)
