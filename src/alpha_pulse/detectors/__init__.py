"""Detectors by name. The contract checks run on each of them."""

DETECTORS = {
    "adwin": "alpha_pulse.detectors.drift:Adwin",
    "ddm": "alpha_pulse.detectors.error_rate:DDM",
    "eddm": "alpha_pulse.detectors.error_rate:EDDM",
    "fhddm": "alpha_pulse.detectors.hoeffding:FHDDM",
    "hddm_a": "alpha_pulse.detectors.hoeffding:HDDMA",
    "hddm_w": "alpha_pulse.detectors.hoeffding:HDDMW",
    "kswin": "alpha_pulse.detectors.kswin:KSWIN",
    "page_hinkley": "alpha_pulse.detectors.page_hinkley:PageHinkley",
}
