"""Sources of bars: one declaration of a file layout per module. A table is recognised by its content."""

from __future__ import annotations

from alpha_pulse.feeds.sources.base import Source
from alpha_pulse.feeds.sources.brokers.alpaca import ALPACA
from alpha_pulse.feeds.sources.brokers.dukascopy import DUKASCOPY
from alpha_pulse.feeds.sources.brokers.dukascopy_gmt import DUKASCOPY_GMT
from alpha_pulse.feeds.sources.brokers.finam import FINAM
from alpha_pulse.feeds.sources.brokers.interactive_brokers import INTERACTIVE_BROKERS
from alpha_pulse.feeds.sources.brokers.oanda import OANDA
from alpha_pulse.feeds.sources.exchanges.binance_headed import BINANCE_HEADED
from alpha_pulse.feeds.sources.exchanges.binance_kline import BINANCE_KLINE
from alpha_pulse.feeds.sources.exchanges.bitfinex import BITFINEX
from alpha_pulse.feeds.sources.exchanges.bitmex import BITMEX
from alpha_pulse.feeds.sources.exchanges.bitstamp import BITSTAMP
from alpha_pulse.feeds.sources.exchanges.bybit import BYBIT
from alpha_pulse.feeds.sources.exchanges.cboe import CBOE
from alpha_pulse.feeds.sources.exchanges.coinbase import COINBASE
from alpha_pulse.feeds.sources.exchanges.gateio import GATEIO
from alpha_pulse.feeds.sources.exchanges.huobi import HUOBI
from alpha_pulse.feeds.sources.exchanges.hyperliquid import HYPERLIQUID
from alpha_pulse.feeds.sources.exchanges.kraken import KRAKEN
from alpha_pulse.feeds.sources.exchanges.kraken_api import KRAKEN_API
from alpha_pulse.feeds.sources.exchanges.kucoin import KUCOIN
from alpha_pulse.feeds.sources.exchanges.nasdaq import NASDAQ
from alpha_pulse.feeds.sources.exchanges.nse import NSE
from alpha_pulse.feeds.sources.exchanges.okx import OKX
from alpha_pulse.feeds.sources.generic import GENERIC
from alpha_pulse.feeds.sources.programs.bars_api import BARS_API
from alpha_pulse.feeds.sources.programs.ccxt import CCXT
from alpha_pulse.feeds.sources.programs.dukascopy_node import DUKASCOPY_NODE
from alpha_pulse.feeds.sources.programs.freqtrade import FREQTRADE
from alpha_pulse.feeds.sources.programs.imported import IMPORTED
from alpha_pulse.feeds.sources.programs.lean import LEAN
from alpha_pulse.feeds.sources.programs.metatrader import METATRADER
from alpha_pulse.feeds.sources.programs.metatrader4 import METATRADER4
from alpha_pulse.feeds.sources.programs.metatrader_python import METATRADER_PYTHON
from alpha_pulse.feeds.sources.programs.ninjatrader import NINJATRADER
from alpha_pulse.feeds.sources.programs.tradestation import TRADESTATION
from alpha_pulse.feeds.sources.programs.tradestation_daily import TRADESTATION_DAILY
from alpha_pulse.feeds.sources.programs.tradingview import TRADINGVIEW
from alpha_pulse.feeds.sources.programs.yfinance import YFINANCE
from alpha_pulse.feeds.sources.programs.yfinance_history import YFINANCE_HISTORY
from alpha_pulse.feeds.sources.vendors.alpha_vantage import ALPHA_VANTAGE
from alpha_pulse.feeds.sources.vendors.barchart import BARCHART
from alpha_pulse.feeds.sources.vendors.coingecko import COINGECKO
from alpha_pulse.feeds.sources.vendors.coinmarketcap import COINMARKETCAP
from alpha_pulse.feeds.sources.vendors.cryptodatadownload import CRYPTODATADOWNLOAD
from alpha_pulse.feeds.sources.vendors.databento import DATABENTO
from alpha_pulse.feeds.sources.vendors.firstrate import FIRSTRATE
from alpha_pulse.feeds.sources.vendors.histdata import HISTDATA
from alpha_pulse.feeds.sources.vendors.histdata_metatrader import HISTDATA_METATRADER
from alpha_pulse.feeds.sources.vendors.investing import INVESTING
from alpha_pulse.feeds.sources.vendors.kibot import KIBOT
from alpha_pulse.feeds.sources.vendors.polygon import POLYGON
from alpha_pulse.feeds.sources.vendors.quandl import QUANDL
from alpha_pulse.feeds.sources.vendors.stooq import STOOQ
from alpha_pulse.feeds.sources.vendors.stooq_daily import STOOQ_DAILY
from alpha_pulse.feeds.sources.vendors.tiingo import TIINGO
from alpha_pulse.feeds.sources.vendors.yahoo import YAHOO
from alpha_pulse.feeds.tables import Table

SOURCES: tuple[Source, ...] = (
    IMPORTED,
    BINANCE_KLINE,
    BINANCE_HEADED,
    YAHOO,
    YFINANCE,
    YFINANCE_HISTORY,
    FREQTRADE,
    METATRADER,
    METATRADER4,
    TRADINGVIEW,
    KRAKEN,
    KRAKEN_API,
    CCXT,
    ALPACA,
    CRYPTODATADOWNLOAD,
    POLYGON,
    BARS_API,
    HISTDATA,
    HISTDATA_METATRADER,
    STOOQ,
    FINAM,
    STOOQ_DAILY,
    DUKASCOPY,
    DUKASCOPY_GMT,
    DUKASCOPY_NODE,
    BITSTAMP,
    DATABENTO,
    NINJATRADER,
    INTERACTIVE_BROKERS,
    ALPHA_VANTAGE,
    COINBASE,
    BITFINEX,
    KUCOIN,
    GATEIO,
    METATRADER_PYTHON,
    OKX,
    BYBIT,
    OANDA,
    TIINGO,
    TRADESTATION,
    INVESTING,
    NASDAQ,
    NSE,
    QUANDL,
    CBOE,
    BARCHART,
    FIRSTRATE,
    KIBOT,
    BITMEX,
    COINGECKO,
    COINMARKETCAP,
    HUOBI,
    HYPERLIQUID,
    LEAN,
    TRADESTATION_DAILY,
    GENERIC,
)
"""All sources; the generic one, the weakest, comes last."""


def recognise(table: Table) -> Source:
    """The source whose layout matches a table best; the generic one where no other matches."""
    return max(SOURCES, key=lambda source: source.strength(table))
