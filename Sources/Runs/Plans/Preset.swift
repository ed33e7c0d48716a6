import Models

/// Whose settings a training has where nobody says otherwise.
public enum Preset: String, CaseIterable, Sendable {
  /// What was found best on Amazon-M2: the defaults, and what the model's own recipe says (`SessionModel.recipe`).
  case tuned
  /// RecBole's way: the last item of a session as its one target, Adam at a constant rate.
  case recbole

  /// What it says of a model's training, by the options' names; everything else keeps its default.
  func values(for model: ModelConfiguration) -> [String: String] {
    switch self {
    case .tuned: model.recipe
    case .recbole: Self.valuesOfRecBole
    }
  }

  /// Of RecBole 1.2.1, but for its 300 epochs and batches of 2,048; `dropout` is GRU4Rec's.
  private static let valuesOfRecBole = [
    "targets": "last", "lr": "0.001", "lr_schedule": "constant", "warmup_steps": "0", "epochs": "10", "dropout": "0.3",
  ]
}
