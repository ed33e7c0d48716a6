/// A baseline that counts instead of learning: one pass over the training sessions, no weights.
///
/// Not here: the counting itself (`ItemCounts`), for a model of this kind encodes nothing.
public enum CountingModel: String, CaseIterable, Sendable {
  /// The most popular items of the session's locale.
  case pop = "POP"
  /// What followed the session's last item, most frequent first, then the popular items.
  case covisit = "COVISIT"
  /// What was seen around the session's last item, before or after it, nearer clicks for more, then the popular items.
  case neighbours = "NEIGHBOURS"
  /// What was seen near any of the session's items, directly and over others, most of all in its own locale, then the
  /// popular items: see `CountingOptions`.
  case counts = "COUNTS"

  /// What the command line calls it.
  public var name: String { rawValue }

  /// What it is, in a few words.
  public var summary: String {
    switch self {
    case .pop: "the most popular items of the session's locale"
    case .covisit: "what followed the session's last item, then the popular items"
    case .neighbours: "what was seen around the session's last item, then the popular items"
    case .counts: "what was seen around all of the session's items, over up to three hops, then the popular items"
    }
  }

  /// Whether it has `CountingOptions`.
  public var hasOptions: Bool { self == .counts }

  /// The names of all.
  public static var names: [String] { allCases.map(\.name) }

  /// The one of that name, in capital or small letters.
  public init?(name: String) {
    guard let model = Self.allCases.first(where: { $0.name.lowercased() == name.lowercased() }) else { return nil }
    self = model
  }
}
