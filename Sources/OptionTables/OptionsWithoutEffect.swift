/// Options of RecBole that are taken and do nothing, by name, and why: a configuration of its users need not be changed.
public let optionsWithoutEffect: [String: String] = {
  let reasons: [(String, [String])] = [
    ("has no effect: Caravan computes on CPUs", ["gpu", "gpu_id", "use_gpu", "device", "enable_amp", "enable_scaler"]),
    ("has no effect: the same seed gives the same bits in any case", ["reproducibility"]),
    ("has no effect: progress is always shown, and kept in log.txt", ["state", "show_progress", "log_wandb"]),
    ("has no effect: checkpoints are in the folder of --out", ["checkpoint_dir", "save_model", "saved"]),
    (
      "has no effect: data sets are read, split and filtered by caravan prepare",
      [
        "data_path", "eval_args", "load_col", "field_separator", "seq_separator", "user_id_field", "item_id_field",
        "session_id_field", "list_suffix", "item_list_length_field", "alias_of_item_id", "user_inter_num_interval",
        "item_inter_num_interval", "benchmark_filename", "save_dataset", "save_dataloaders", "dataset_save_path",
      ]
    ),
    ("has no effect: caravan evaluate has --top, and every metric", ["metrics", "topk", "metric_decimal_place"]),
    (
      "has no effect: Caravan's losses are over the whole catalogue, or see --loss",
      [
        "train_neg_sample_args", "neg_sampling",
      ]
    ),
    (
      "has no effect: batches are read by the ranks themselves, in an order that the seed gives", ["worker", "shuffle"]
    ),
    ("has no effect: evaluation has batches of its own, which change no figure", ["eval_batch_size"]),
  ]
  return Dictionary(uniqueKeysWithValues: reasons.flatMap { reason, names in names.map { ($0, reason) } })
}()
