// The terms that the page explains, one sentence each. `Term` shows the sentence on hover, on keyboard focus and on a tap.

export const GLOSSARY = {
  // Scores
  "log-loss skill":
    "Log loss of the base rate minus log loss of the model on the same labels; above zero the model predicts better than the base rate.",
  mnat: "Millinat, a thousandth of a nat: the unit of log loss with the natural logarithm; a prediction of 0.5 costs 693 mnat.",
  "base rate": "Fraction of labels so far that are 1; predicting it every time is the baseline with zero skill.",
  "no change": "Baseline that expects the last known label again.",
  reliability:
    "Observed frequency of the label 1 against the predicted probability, in bins with 95 % intervals; a calibrated model lies on the diagonal.",
  ECE: "Expected calibration error: mean distance between observed frequency and predicted probability, weighted by the labels of each bin.",
  "Online minus batch":
    "Log-loss skill of the online model minus that of the batch model on the labels that both predicted, by target, with its 95 % interval.",
  "P&L by ML":
    "Profit or loss of the combined book minus that of the rules-only book, after costs, with the 95 % interval of a block bootstrap.",

  // Models
  served: "The prediction that the system acts on: the weighted mixture of the online model, the batch model and the base rate.",
  online: "Model that learns from each label as soon as the label is known.",
  batch: "Model that is trained on past bars, again and again on a schedule, and stays fixed in between.",
  weight: "Weight of a model in the served prediction, learned from past log loss; the weights of all models add up to 1.",
  version: "For an online model the number of labels that it was trained on, for a batch model the start of its file's SHA-256.",
  confidence:
    "Calibrated probability that the likelier side is right, estimated from earlier served predictions; below a threshold the agents use their rules only.",
  quarantined: "The online model diverged, so it is left out of this prediction and restored from its last good state.",
  serving: "How the members of a session become one prediction: all by weights, or the champion alone, which another replaces by evidence.",
  stage: "Candidates are not compared; the shadow is compared and serves nothing; the canary serves a share of the steps; the champion serves.",
  evidence: "P-value that the member is not better than the champion, valid at any time; the bar is full at the level at which it decides.",
  "shadow return": "Return that the member would have earned by trading the sign of its own predictions, net of the costs of the venue.",
  "model age": "Market time since the model last learned a label, or since a batch model was trained.",
  "Model freshness": "Mean model age over all served predictions, weighted by the weights of the models.",
  session: "One model of one symbol and target that learns while the system runs.",
  "labels used": "Number of labels that the online model was trained on.",
  learning: "State of a session: learning (normal), in trial (an adaptation is evaluated), drifting (errors have risen), quarantined (the model diverged), ended.",

  // Targets and labels
  "volatility forecast":
    "Expected volatility of the price over the horizon, in per cent: the trailing median volatility, scaled by the mean realised ratio at this probability.",
  realised: "Volatility that was measured over the horizon; it is known one horizon after the forecast.",
  "high volatility": "Realised volatility above the trailing median that was known when the prediction was served.",
  label: "Outcome that a prediction is scored on: 1 or 0, known when the horizon has passed.",
  tie: "Return of zero over the horizon, or at most the configured minimum; such a label is neither scored nor learned.",
  pending: "Predictions whose horizon has not passed yet.",
  expired: "Predictions whose label came too late, by the configured tolerance.",
  regime:
    "Current volatility state of the market (calm, normal or turbulent) with its probability, from a hidden Markov model that uses past bars only.",

  // Drift and adaptation
  drift: "Change in the statistics of errors, labels or features that a detector reports as significant.",
  "planted change":
    "Change that the generator of a synthetic market makes at a known bar; the models do not know it, and no real market states its own.",
  "drift alarm": "Report of a detector that the errors, the calibration, the label rate or the features of a session have changed.",
  adaptation: "Change of a learning model because of drift, a new regime, decay or a request.",
  "adaptation trial":
    "Comparison of the adapted model with a copy that was not adapted (the control), on the labels after the change; the effect is the log loss saved, in mnat.",
  accepted: "The adapted model was better than its control at the 5 % significance level, so the adaptation stays.",
  "rolled back": "The adapted model was not better than its control at the 5 % significance level, so the control replaced it.",
  "on trial": "The adapted model and its control are still being compared.",
  acted: "This alarm led to an adaptation.",
  deferred: "No action yet, because a trial or a cool-down is in progress.",
  skipped: "The alarm is recorded, and no adaptation follows.",
  boost: "The model learns faster for a while.",
  reset: "The model starts again without what it has learned.",
  "Adaptation speed": "Mean market time from a change of the error rate to the adaptation that followed it.",
  "Samples to recovery": "Mean number of labels from a change of the error rate until the error rate has recovered, after an accepted adaptation.",

  // Trading
  book: "Account with its own cash, position and orders on the simulated venue; the books trade the same bars side by side.",
  "combined book": "Book that trades on the agents' rules and the models together; only its results are fed back to the models.",
  "shadow book": "Book that runs beside the combined book for comparison; the models do not learn from its trades.",
  "cost aware": "Shadow book that enters only when the expected move pays for the round trip.",
  signal: "Shadow book that follows every signal, whether or not the expected move pays for the round trip.",
  "rules only": "Shadow book that uses the agents' rules and no model.",
  "ML only": "Shadow book that trades on the served prediction and ignores the rules.",
  "buy and hold": "Shadow book that buys each symbol once and never sells.",
  exposure: "Signed quantity of the symbol that the book holds; negative is short.",
  "gross P&L": "Profit or loss before costs and fees, at reference prices.",
  "net P&L": "Profit or loss after costs and fees, with open positions at the latest close.",
  cost: "Spread and slippage: the difference between fill price and reference price, times the quantity.",
  fee: "Commission of the venue for the fill.",
  reference: "Open of the bar in which the order was filled, or the stop's trigger price, before spread and slippage.",
  "closed lots": "Number of round trips: lots that were opened and closed again, first in, first out.",
  Sharpe: "Mean of the returns per bar over their standard deviation, annualised; a dash where it is undefined.",
  "max drawdown": "Largest fall of the equity from a peak, as a percentage of the peak.",
  "signal direction": "Position that an agent proposes, from −1 (short) to +1 (long).",
  "agent weight": "Weight of the agent in the combined signal, learned from the results of its closed lots.",
  "risk gate": "Checks that every order passes before it reaches the venue: position, order size, daily loss and stale data.",
  feature: "Input of the models, scaled; the models were given exactly these values.",
} as const;

export type TermName = keyof typeof GLOSSARY;
