"""Tables as users bring them: read as they are meant, or refused with the row and column."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from alpha_pulse.core.errors import ConfigError, DataError
from alpha_pulse.evaluation.streams.base import Stream
from alpha_pulse.evaluation.streams.named import open_stream
from alpha_pulse.feeds.files.containers import _HEAD
from alpha_pulse.kernels.base.missing import MISSING


def write(path: Path, text: str | bytes) -> str:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


def read(folder: Path, text: str | bytes, target: str | None = None) -> Stream:
    return open_stream(write(folder / "s.csv", text), target)


def same(one: Stream, other: Stream) -> None:
    assert np.array_equal(one.features, other.features)
    assert (one.labels.tolist(), one.classes) == (other.labels.tolist(), other.classes)


TEXT = "a,b,class\n1,2.5,UP\n-3,4,DOWN\n0,0,UP\n"


@pytest.mark.parametrize(
    "head", ["a,b,class\n", "@relation r\n@attribute a numeric\n@attribute b numeric\n@attribute c {UP,DOWN}\n@data\n"]
)
def test_a_file_is_read_to_its_end_however_long_it_is(tmp_path: Path, head: str) -> None:
    rows = 90_000
    text = head + "".join(f"{row},{row % 7}.5,{'UP' if row % 3 else 'DOWN'}\n" for row in range(rows))
    assert len(text) > 2 * _HEAD
    stream = read(tmp_path, text)
    assert stream.features[:, 0].tolist() == list(range(rows))
    # What is not plain comes after the part that the file is recognised by.
    odd = text.removesuffix("UP\n").removesuffix("DOWN\n") + '"UP"\n'
    assert len(read(tmp_path, odd).labels) == rows


def test_a_table_is_the_same_in_every_format(tmp_path: Path) -> None:
    stream = read(tmp_path, TEXT)
    assert (stream.features.tolist(), stream.labels.tolist()) == ([[1.0, 2.5], [-3.0, 4.0], [0.0, 0.0]], [1, 0, 1])
    assert stream.classes == ("DOWN", "UP")
    frame = pl.read_csv(TEXT.encode())
    frame.write_parquet(tmp_path / "s.parquet")
    frame.cast({"class": pl.Categorical}).write_ipc(tmp_path / "s.feather")
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        archive.writestr("folder/", "")
        archive.writestr("folder/s.csv", TEXT)
    write(tmp_path / "s.csv.gz", gzip.compress(TEXT.encode()))
    write(tmp_path / "s.tsv", TEXT.replace(",", "\t"))
    write(tmp_path / "s.data", TEXT.replace(",", "   "))
    write(tmp_path / "bar", TEXT.replace(",", " | "))
    write(tmp_path / "semicolon.txt", TEXT.replace(",", ";").replace(".", ","))
    write(tmp_path / "windows.csv", "\ufeff" + TEXT.replace("\n", "\r\n"))
    write(tmp_path / "mac.csv", TEXT.replace("\n", "\r"))
    write(tmp_path / "utf16.csv", TEXT.encode("utf-16"))
    write(tmp_path / "quoted.csv", '"a", "b" ,class\n"1","2.5","UP"\n-3, "4",DOWN\n0,0,"UP"\n'.replace('"b" ', '"b"'))
    write(tmp_path / "blank.csv", "\n  \n" + TEXT.replace("\n", "\n\n") + ",,\n,,\n")
    write(tmp_path / "trailing.csv", TEXT.replace("\n", ",\n"))
    write(tmp_path / "pandas.csv", ",a,b,class\n0,1,2.5,UP\n1,-3,4,DOWN\n2,0,0,UP\n")
    write(tmp_path / "r.csv", '"","a","b","class"\n"1",1,2.5,"UP"\n"2",-3,4,"DOWN"\n"3",0,0,"UP"\n')
    names = sorted(path.name for path in tmp_path.iterdir() if path.is_file())
    assert len(names) == 17
    for name in names:
        same(open_stream(str(tmp_path / name)), stream)


@pytest.mark.parametrize(
    ("text", "examples"),
    [
        ("5.1,3.5,a\n4.9,3.0,b\n6.3,3.3,a\n", 3),
        ("5.1,3.5,1\n4.9,3.0,0\n", 2),
        ("5.1;3,5;x\n4.9;3,0;y\n".replace(".", ","), 2),
        ("0.5,1,a\nx_1,2,b\n".replace("x_1", "1.5"), 2),
        ("5.1,,a\n4.9,3.0,b\n".replace(",,", ",1e3,"), 2),
        ("0,1,2,class\n5.1,3.5,1,0\n4.9,3.0,1,1\n", 2),  # pandas numbers columns without names
        ("1,2,3,y\n5.1,3.5,1,0\n4.9,3.0,1,1\n", 2),
        ("a,b,y\n1,2,NAN_\n3,4,x\n", 2),
    ],
)
def test_a_first_row_of_values_is_an_example(tmp_path: Path, text: str, examples: int) -> None:
    assert len(read(tmp_path, text).labels) == examples


def test_columns_without_names_are_numbered(tmp_path: Path) -> None:
    stream = read(tmp_path, "5.1,a,3.5\n4.9,b,3.0\n", target="2")
    assert stream.features.tolist() == [[5.1, 3.5], [4.9, 3.0]]
    with pytest.raises(DataError, match="known: 1, 2, 3"):
        read(tmp_path, "5.1,a,3.5\n4.9,b,3.0\n", target="class")


def test_a_first_row_that_may_be_either_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"the first row \(0, 1, a\) counts the columns: it may be a header or an example"):
        read(tmp_path, "0,1,a\n5.1,3.5,a\n4.9,3.0,b\n")
    with pytest.raises(DataError, match=r"contains numbers, as an example does, but 'red' in column 1, above numbers"):
        read(tmp_path, "red,3.5,a\n4.9,3.0,b\n")


def test_the_target_may_be_any_column_and_have_any_number_of_classes(tmp_path: Path) -> None:
    stream = read(tmp_path, "a,kind,b\n1,10,2\n2,9,3\n3,2,4\n", target="kind")
    assert stream.classes == ("2", "9", "10")
    assert stream.labels.tolist() == [2, 1, 0]
    assert stream.features.tolist() == [[1.0, 2.0], [2.0, 3.0], [3.0, 4.0]]


def test_equal_numbers_are_one_class_and_whole_numbers_of_any_size_are_told_apart(tmp_path: Path) -> None:
    stream = read(tmp_path, "a,class\n1,0\n2,1.0\n3,0.0\n4,1\n5,+1\n6,-0\n7,1e0\n")
    assert (stream.classes, stream.labels.tolist()) == (("0", "1"), [0, 1, 0, 1, 1, 0, 1])
    large = [9_007_199_254_740_993, 9_007_199_254_740_992]
    for rows in (large, large[::-1]):
        text = "a,class\n" + "".join(f"1,{value}\n" for value in rows)
        for _ in range(3):
            stream = read(tmp_path, text)
            assert stream.classes == ("9007199254740992", "9007199254740993")
            assert [int(stream.classes[label]) for label in stream.labels] == rows
        pl.DataFrame({"a": [1.0, 1.0], "class": rows}).write_parquet(tmp_path / "s.parquet")
        same(open_stream(str(tmp_path / "s.parquet")), stream)


def test_windows_1252_is_read(tmp_path: Path) -> None:
    assert read(tmp_path, "a,class\n1,café\n2,tea\n".encode("cp1252")).classes == ("café", "tea")


def test_truth_values_are_classes_and_features(tmp_path: Path) -> None:
    pl.DataFrame({"a": [True, False], "up": [True, False]}).write_parquet(tmp_path / "s.parquet")
    stream = open_stream(str(tmp_path / "s.parquet"))
    assert (stream.classes, stream.labels.tolist()) == (("false", "true"), [1, 0])
    assert stream.features.tolist() == [[1.0], [0.0]]


@pytest.mark.parametrize("cell", ["NA", "?", "nan", "NaN", "", " ", "null", "NULL", "None", "n/a", "#N/A", "<NA>"])
def test_a_target_that_is_missing_is_refused(tmp_path: Path, cell: str) -> None:
    for text in (f"a,class\n1,0\n2,{cell}\n3,1\n", f"a,class\n1,up\n2,{cell}\n3,down\n", f"0.5,1\n2.5,{cell}\n3.5,0\n"):
        with pytest.raises(DataError, match=r"row 2: the target '\w+' is missing \(the cell is .*\); give its class"):
            read(tmp_path, text)
    pl.DataFrame({"a": [1.0, 2.0], "y": ["x", cell]}).write_parquet(tmp_path / "s.parquet")
    with pytest.raises(DataError, match="row 2: the target 'y' is missing"):
        open_stream(str(tmp_path / "s.parquet"))
    pl.DataFrame({"a": [1.0, 2.0], "y": [1.0, float("nan")]}).write_parquet(tmp_path / "s.parquet")
    with pytest.raises(DataError, match="row 2: the target 'y' is missing"):
        open_stream(str(tmp_path / "s.parquet"))


def test_rows_that_lack_a_value_are_dropped_if_that_is_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", "a,b,class\n?,1,x\n1,2,x\n2,NA,y\n3,4,\n\n4,5,y\n5,nan,x\n6,7,None\n")
    stream = open_stream(path, missing="drop")
    assert (stream.features.tolist(), stream.labels.tolist(), stream.dropped) == ([[1.0, 2.0], [4.0, 5.0]], [0, 1], 5)
    with pytest.raises(DataError, match="row 4: the target 'class' is missing"):
        open_stream(path)
    with pytest.raises(DataError, match=r"give it, or leave such rows out \(missing: drop\)"):
        open_stream(write(tmp_path / "t.csv", "a,class\n1,0\n?,1\n"))
    write(tmp_path / "s.csv", "a,b,class\n?,1,x\n1,2,x\n2,NA,y\n3,red,y\n")
    with pytest.raises(DataError, match="row 4: column 'b' is 'red'"):
        open_stream(path, missing="drop")
    write(tmp_path / "s.csv", "a,class\n?,1\n2,\n")
    with pytest.raises(DataError, match="each of its 2 rows has a missing value"):
        open_stream(path, missing="drop")
    pl.DataFrame({"a": [1.0, None, float("nan"), 4.0], "y": [1, 0, 1, 0]}).write_parquet(tmp_path / "s.parquet")
    assert open_stream(str(tmp_path / "s.parquet"), missing="drop").features.tolist() == [[1.0], [4.0]]
    head = "@relation r\n@attribute a numeric\n@attribute b {'?',u}\n@attribute class {p,n}\n@data\n"
    write(tmp_path / "s.arff", head + "1,?,p\n?,u,p\n2,u,?\n3,u,n\n")
    stream = open_stream(str(tmp_path / "s.arff"), missing="drop")
    assert (stream.features.tolist(), stream.labels.tolist(), stream.dropped) == ([[1.0, 0.0], [3.0, 1.0]], [1, 0], 2)
    with pytest.raises(ConfigError, match="--missing is 'skip'; expected refuse, drop or keep"):
        open_stream(path, missing="skip")


def test_features_may_be_kept_as_missing_and_the_target_may_not(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", "a,b,class\n?,1,x\n1,NA,y\n2,3.5,x\n")
    wanted = [[MISSING, 1.0], [1.0, MISSING], [2.0, 3.5]]
    assert open_stream(path, missing="keep").features.tolist() == wanted
    pl.DataFrame({"a": [None, 1.0, 2.0], "b": [1.0, float("nan"), 3.5], "y": [1, 0, 1]}).write_parquet(tmp_path / "s.parquet")
    assert open_stream(str(tmp_path / "s.parquet"), missing="keep").features.tolist() == wanted
    head = "@relation r\n@attribute t date yyyy\n@attribute b {q,u}\n@attribute class {p,n}\n@data\n"
    write(tmp_path / "s.arff", head + "?,u,p\n1970,?,p\n1970,u,n\n")
    stream = open_stream(str(tmp_path / "s.arff"), missing="keep")
    assert stream.features.tolist() == [[MISSING, 1.0], [0.0, MISSING], [0.0, 1.0]]
    write(tmp_path / "s.csv", "a,class\n?,x\n1,y\nred,y\n")
    with pytest.raises(DataError, match="row 3: column 'a' is 'red'"):
        open_stream(path, missing="keep")
    write(tmp_path / "s.csv", "a,class\n?,x\n1,\n")
    with pytest.raises(DataError, match="row 2: the target 'class' is missing"):
        open_stream(path, missing="keep")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,class\n1,0\nred,1\n", "row 2: column 'a' is 'red', but a number is expected"),
        ("a,class\n1,0\n,1\n", "row 2: column 'a' is empty"),
        ("a,class\n1,0\nnan,1\n", "row 2: column 'a' is 'nan', but a finite number"),
        ("a,class\n1,0\n1e999,1\n", "row 2: column 'a' is '1e999', but a finite number"),
        ("a,class\n1,0\n2,3,1\n4,1\n", "row 2: 3 cells, but 2 in the first row; correct or drop the row"),
        ('a,class\n1,0\n2,"3",1\n4,1\n', "row 2: 3 cells, but 2 in the first row"),
        ("a,b,class\n1,0,1\n2,3\n4,1,0\n", "row 2: the target 'class' is missing"),
        ('a,class\n1,0\n2,"1\n3,1\n4,0\n', "s.csv, line 5: the quotes cannot be read"),
        ("a,class\n1,0\n2,0\n", "has 1 different value;"),
        ("class\n0\n1\n", "1 column"),
        ("a,class\n", "no row"),
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("\n" * 5_000 + "x", "no row"),
        ("a" + " " * 5_000 + ",b\n1\n", "no row|target 'b' is missing"),
        ("a,y,y\n1,2,0\n", "has the column 'y' twice; rename one"),
        ("a, y,y\n1,2,0\n", "has the column 'y' twice"),
        ("a,,y\n1,2,0\n", "column 2 has no name, but contains '2'"),
        ("a;y\n1,234;0\n5,678;1\n", "whose comma may be a decimal comma or separate thousands"),
        ("a,class\n" + "".join(f"1,{k}\n" for k in range(101)), "101 different values"),
        ("a,class\n" + "".join(f"1,{k}.5\n" for k in range(10_001)), "10,001 different values"),
        (b"a,class\n1,caf\x81\n", "neither UTF-8 nor Windows-1252; save it as UTF-8"),
        (b"a,class\n1,\0\n", "it contains a zero byte"),
        (b"\x1f\x8bno gzip", "cannot be unpacked"),
        (b"PK\x03\x04no zip", "cannot be unpacked"),
        (b"PAR1 no parquet", "cannot be read"),
        (b"ARROW1 no feather", "cannot be read"),
    ],
)
def test_bad_cells_of_a_table_are_named(tmp_path: Path, text: str | bytes, said: str) -> None:
    with pytest.raises(DataError, match=said) as refused:
        read(tmp_path, text)
    assert "s.csv" in str(refused.value)


def test_a_target_that_is_not_there_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="did you mean 'class'"):
        read(tmp_path, "a,class\n1,0\n", target="clas")


def test_a_file_that_is_missing_or_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    for ending in (".csv", ".arff", ".parquet"):
        with pytest.raises(DataError, match="does not exist"):
            open_stream(str(tmp_path / f"no{ending}"))
    with pytest.raises(DataError, match="contains no rows"):
        open_stream(write(tmp_path / "s.txt", "some text\n"))
    with pytest.raises(DataError, match="is not a file"):
        open_stream(str(tmp_path / "folder.csv"))
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.csv", TEXT)
        archive.writestr("b.csv", TEXT)
    with pytest.raises(DataError, match="is an archive of 2 files; expected one"):
        open_stream(str(tmp_path / "two.zip"))
