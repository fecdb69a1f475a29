"""Names of columns in any usual spelling, and which of several columns is preferred."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from alpha_pulse.feeds.columns import PRICES

_SAME: dict[str, str] = {
    # time
    "ts": "ts time datetime date_time timestamp date open_time opentime ts_event window_start start start_time starttime "
    "gmt_time local_time utc_time time_utc utc timestamp_utc unix unix_timestamp unix_time unixtime epoch epoch_time epoch_ms "
    "time_period_start period_start candle_begin_time begin begins_at t index index_level_0 dt datetime_utc date_utc "
    "date_gmt bar_time start_at candle_time kline_open_time open_timestamp time_open timeopen date_open begin_time mts "
    "startedat started_at interval_start "
    "trading_day trade_date tradedate quote_date dtyyyymmdd day ticks datum zeitstempel fecha data 日期 时间 日付",
    "ts_end": "close_time closetime end_time endtime time_period_end period_end time_close timeclose end close_timestamp "
    "window_end bar_end interval_end",
    "clock": "time clock timestamp_time minute hour time_of_day bar_time zeit uhrzeit hora heure",
    "symbol": "symbol ticker instrument pair name code asset market product product_id sym secid contract isin ric "
    "symbol_name underlying stock act_symbol tic instrument_name ts_code",
    "open": "open o openprice open_price priceopen price_open px_open opening opening_price first first_price mid_open mid_o "
    "openmid open_mid eroffnung eroeffnung eroffnungskurs eroffn erster apertura ouverture abertura ouv "
    "开盘 开盘价 始値",
    "high": "high h max highprice high_price pricehigh price_high px_high highest highest_price max_price mid_high mid_h "
    "highmid high_mid hoch hochst hochster hochstkurs tageshoch maximo haut plus_haut massimo "
    "最高 最高价 高値",
    "low": "low l min lowprice low_price pricelow price_low px_low lowest lowest_price min_price mid_low mid_l lowmid low_mid "
    "tief tiefst tiefster tiefstkurs tagestief minimo bas plus_bas minimum_price 最低 最低价 安値",
    "close": "close c last closeprice close_price priceclose price_close px_close closing closing_price close_last px_last "
    "last_price latest settle price mid_close mid_c closemid close_mid schluss schlusskurs zuletzt cierre cloture clot "
    "fechamento chiusura ultimo dernier 收盘 收盘价 終値",
    "adj_close": "adj_close adjclose adjusted_close adj_closing_price close_adj close_adjusted adjustedclose adj_close_price",
    "volume": "volume vol v base_volume volume_base volumefrom volume_from vol_base basevolume real_volume realvolume qty "
    "total_volume trade_volume volume_base_asset volume_traded volumetraded quantity totalvolume bars_volume share_volume "
    "shares_traded total_traded_quantity volumen stuck stueck 成交量 出来高",
    "tick_volume": "tick_volume tickvol tickvolume tick_vol ticks tick_count tickqty tick_qty",
}
for _side in ("bid", "ask"):
    for _price, _letter in (("open", "o"), ("high", "h"), ("low", "l"), ("close", "c")):
        _SAME[f"{_side}_{_price}"] = (
            f"{_side}_{_price} {_side}_{_letter} {_side}{_price} {_price}{_side} {_price}_{_side} {_side}_{_price}_price "
            f"{_price}_{_side}_price"
        )
SPELLINGS: dict[str, tuple[str, ...]] = {meaning: tuple(text.split()) for meaning, text in _SAME.items()}
"""Our columns, and their names in files; where a file has two, the earlier name is used."""
OPEN_TIME_NAMES = (
    "open_time", "opentime", "start", "start_time", "starttime", "start_at", "startedat", "started_at", "window_start",
    "time_period_start", "period_start", "candle_begin_time", "begin", "begins_at", "begin_time", "kline_open_time",
    "open_timestamp", "time_open", "timeopen", "date_open", "interval_start",
)  # fmt: skip
"""Names of a time that is the open of a bar."""
_KNOWN = {name for names in SPELLINGS.values() for name in names}


@lru_cache(4_096)
def plain(name: str) -> str:
    """A name in lower case, its words joined by ``_``, without punctuation and numbering.

    >>> plain("<OPEN>"), plain("1. open"), plain("Adj Close*"), plain("__index_level_0__"), plain("Volume BTC")
    ('open', 'open', 'adj_close', 'index_level_0', 'volume_btc')
    >>> plain("1b. open (USD)"), plain("openPrice"), plain("close/last"), plain("mid.o"), plain("Eröffnung")
    ('open_usd', 'open_price', 'close_last', 'mid_o', 'eroffnung')
    """
    text = re.sub(r"^\s*[0-9]+[a-z]?\.\s+", "", name)
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text.strip())
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    return re.sub(r"(?:[^\w%]|_)+", "_", bare.casefold()).strip("_")


@lru_cache(4_096)
def is_known_name(name: str) -> bool:
    """Whether a name is a known name of a column of bars.

    >>> is_known_name("Open"), is_known_name("Volume USDT"), is_known_name("RSI")
    (True, True, False)
    """
    short = plain(name)
    return short in _KNOWN or short.replace("_", "") in _KNOWN or re.match(r"^vol(ume)?_[a-z0-9]{2,6}$", short) is not None


def candidate_indices(header: Sequence[str]) -> dict[str, list[int]]:
    """For each of our columns, the indices of the columns that can be it, the preferred one first.

    A column with exactly our name comes first, then the order of `SPELLINGS`.
    """
    short = [plain(name) for name in header]
    places_by_meaning: dict[str, list[int]] = {}
    for meaning, names in SPELLINGS.items():
        ranked = []
        for index, name in enumerate(short):
            near = name if name in names else name.replace("_", "")
            if near in names:
                ranked.append((header[index] != meaning, names.index(near), header[index].isupper(), index))
        if ranked:
            places_by_meaning[meaning] = [index for *_, index in sorted(ranked)]
    return places_by_meaning


def ambiguous_pair(header: Sequence[str], indices: Sequence[int], meaning: str) -> tuple[str, str] | None:
    """The names of the two best columns if they differ only in case or punctuation; else None."""
    if len(indices) < 2:
        return None
    first, second = header[indices[0]], header[indices[1]]
    letters = (
        len(first) == 1 and first.islower() and second == first.upper()
    )  # t is the open and T the close, v the volume of V
    if plain(first) != plain(second) or letters or (first == meaning and second != meaning):
        return None
    return first, second


_PRICE = "(?P<price>open|high|low|close|volume|adj[ _]close)"
_WIDE = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (rf"(?P<symbol>.+?)[_ ]{_PRICE}", rf"{_PRICE}[_ ](?P<symbol>.+)", rf"\('(?P<symbol>.+)', '{_PRICE}'\)",
                    rf"\('{_PRICE}', '(?P<symbol>.+)'\)")
)  # fmt: skip
"""Names such as BTC_open, open_BTC, ('BTC', 'open') and ('open', 'BTC')."""
_NO_SYMBOLS = {"bid", "ask", "mid", "quote", "adj", "adjusted", "price", "prev", "previous", "last", "raw"}


def _split_wide(header: Sequence[str]) -> Iterator[tuple[tuple[str, ...], Mapping[str, str]]]:
    """Headers without symbols, one for each symbol, where names contain a symbol and a price (two symbols or more)."""
    for pattern in _WIDE:
        matches = [pattern.fullmatch(name.strip()) for name in header]
        names: dict[str, list[str]] = {}
        for match in matches:
            if match is not None:
                names.setdefault(match["symbol"], []).append(match["price"])
        complete = [symbol for symbol, prices in names.items() if {price.lower() for price in prices}.issuperset(PRICES)]
        if (
            len(complete) < 2
            or _NO_SYMBOLS & {symbol.lower() for symbol in complete}
            or set(PRICES) <= set(candidate_indices(header))
        ):
            continue
        for symbol in complete:
            prices = iter(names[symbol])
            split = [
                name if match is None else next(prices) if match["symbol"] == symbol else ""
                for name, match in zip(header, matches, strict=True)
            ]
            yield tuple(split), {"symbol": symbol}
        return
    yield tuple(header), {}


_DOTTED = re.compile(r"^(.+)\.(open|high|low|close|volume|adjusted)$", re.IGNORECASE)


def _split_dots(header: Sequence[str]) -> Iterator[tuple[tuple[str, ...], Mapping[str, str]]]:
    """Headers without symbols, one for each symbol, of names such as AAPL.Open, as R's quantmod writes them."""
    matches = [_DOTTED.match(name.strip()) for name in header]
    symbols = list(dict.fromkeys(match[1] for match in matches if match is not None))
    if not symbols:
        yield from _split_wide(header)
        return
    if {symbol.lower() for symbol in symbols} & {"bid", "ask", "mid", "quote"}:
        yield tuple(header), {}
        return
    for symbol in symbols:
        names = [
            name if match is None else "" if match[1] != symbol else match[2].lower().replace("adjusted", "adj close")
            for name, match in zip(header, matches, strict=True)
        ]
        yield tuple(names), {"symbol": symbol}


def split_levels(headers: Sequence[Sequence[str]]) -> Iterator[tuple[tuple[str, ...], Mapping[str, str]]]:
    """The header and its metadata; for a header of two levels (price and ticker), one header for each ticker.

    >>> list(split_levels([["Price", "Close", "Open"], ["Ticker", "QQQ", "QQQ"], ["Date", "", ""]]))
    [(('Date', 'Close', 'Open'), {'symbol': 'QQQ', 'levels': '2'})]
    """
    if not headers:
        yield (), {}
        return
    if len(headers) == 1:
        yield from _split_dots(headers[0])
        return
    first, second = headers[0], headers[1]
    prices, tickers = (first, second) if sum(map(is_known_name, first)) >= sum(map(is_known_name, second)) else (second, first)
    index = (
        headers[2][0]
        if len(headers) > 2
        else prices[0]
        if is_known_name(prices[0]) and prices[0].lower() != "price"
        else "Date"
    )
    for ticker in dict.fromkeys(name for name in tickers[1:] if name.strip()):
        header = [price if name == ticker else "" for price, name in zip(prices, tickers, strict=False)]
        yield (index, *header[1:]), {"symbol": ticker.strip(), "levels": "2"}
