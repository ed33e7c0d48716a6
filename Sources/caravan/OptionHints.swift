/// What to say to someone who gives an option that the command does not have.
enum OptionHints {
  /// Another tool's name of an option, and ours.
  static let synonyms: [String: String] = {
    let names = [
      "--top": ["--k", "--topk", "--cutoff", "--cutoffs"],
      "--out": ["--output", "--output-dir", "--save-dir", "--default-root-dir"],
      "--dataset": ["--data", "--data-path", "--data-dir", "--dataset-path"],
      "--checkpoint": ["--model-file", "--ckpt", "--ckpt-path", "--run"],
      "--sessions": ["--input", "--train", "--file"],
      "--threads-per-rank": ["--threads", "--num-workers", "--workers", "--num-threads"],
      "--epochs": ["--max-epochs", "--num-train-epochs", "--num-epochs"],
      "--batch-size": ["--per-device-train-batch-size"],
      "--resume": ["--resume-from-checkpoint"],
      "--stopping-step": ["--patience", "--early-stopping", "--early-stopping-patience"],
      "--valid-metric": ["--metric"],
      "--config": ["--config-files", "--config-file"],
      "--test-fraction": ["--test-size"],
      "--valid-fraction": ["--val-size", "--valid-size", "--val-fraction"],
      "--default-locale": ["--locale"],
    ]
    return Dictionary(uniqueKeysWithValues: names.flatMap { ours, others in others.map { ($0, ours) } })
  }()

  /// What is done otherwise; by the command and its option, or by the option for all commands.
  private static let otherWays: [String: String] = [
    "--accelerator": "Caravan computes on CPUs; caravan run -n 2 starts 2 ranks",
    "--devices": "caravan run -n 2 starts 2 ranks",
    "--nproc": "caravan run -n 2 starts 2 ranks",
    "--nproc-per-node": "caravan run -n 2 starts 2 ranks",
    "--ranks": "caravan run -n 2 starts 2 ranks",
    "train --checkpoint": "--resume goes on from one, and caravan finetune adapts one",
    "train --force": "a run at --out goes on, and --resume never begins anew",
    "evaluate --out": "--json FILE writes the figures",
    "evaluate --output": "--json FILE writes the figures",
    "evaluate --metric": "all metrics are shown, and --top gives the cut-offs",
    "evaluate --locales": "the table has a row for each locale",
    "export --out": "--embeddings FILE and --onnx FILE say what is written",
    "export --dataset": "the checkpoint is enough",
    "inspect --dataset": "the folder stands alone, as in caravan inspect data",
    "sweep --config": "the file stands alone, as in caravan sweep sweep.yaml",
  ]

  /// - Parameter command: nil for none.
  static func otherWay(than option: String, of command: String?) -> String? {
    otherWays["\(command ?? "") \(option)"] ?? otherWays[option]
  }
}
