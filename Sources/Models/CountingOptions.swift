import OptionTables

/// What COUNTS counts, and how it scores from that. The defaults were chosen on sessions of Amazon-M2.
public struct CountingOptions: Equatable, Sendable {
  /// How many clicks apart two items of a session may be to count as a pair.
  public var window = 12
  /// A pair d clicks apart counts e^(-decay · (d - 1)).
  public var distanceDecay = 1.0
  /// What a pair counts against its direction.
  public var backwardWeight = 0.75
  /// What a pair counts whose later item is the answer.
  public var answerWeight = 1.5
  /// What the counts of all locales weigh beside those of the session's own.
  public var allLocalesWeight: Float = 0.3
  /// What is added to the sum that counts are divided by.
  public var damping: Float = 0.5
  /// How many different items of a session are looked at.
  public var sessionItems = 20
  /// How many pairs may lead from an item of the session to one that is scored.
  public var hops = 3
  /// What scores over two pairs weigh.
  public var secondHopWeight: Float = 0.3
  /// What scores over three pairs weigh.
  public var thirdHopWeight: Float = 0.1
  /// From how many items the third hop goes on.
  public var hopItems = 100
  /// What scores of items that the session's locale never had are multiplied with.
  public var unseenWeight: Float = 0.1

  /// The values that were chosen on sessions of Amazon-M2.
  public init() {}

  /// All of them, under the names of the command line's flags.
  public static let table = OptionTable<CountingOptions>([
    OptionDeclaration(
      "window", \.window, .wholeNumber(1...4096),
      "Clicks that two items may be apart to count as a pair; a wide one finds more."),
    OptionDeclaration(
      "distance_decay", \.distanceDecay, .notNegative,
      "A pair d clicks apart counts e^(-decay (d - 1)): the higher, the more the next click says; 0: all alike."),
    OptionDeclaration(
      "backward_weight", \.backwardWeight, .weight(upTo: 10),
      "What a pair counts from its later item to its earlier one; 0: only what followed is found."),
    OptionDeclaration(
      "answer_weight", \.answerWeight, .weight(upTo: 100),
      "What a pair counts whose later item is a training session's answer: above 1 favours what sessions end in."),
    OptionDeclaration(
      "all_locales_weight", \.allLocalesWeight, .weight(upTo: 1_000_000),
      "What counts of all locales weigh beside those of the session's own: small ones learn from the others."),
    OptionDeclaration(
      "damping", \.damping, .weight(upTo: 1_000_000),
      "Added to the sum that an item's counts are divided by: what was seen once is less sure."),
    OptionDeclaration(
      "session_items", \.sessionItems, .wholeNumber(1...4096),
      "Different items of a session that are looked at, from its end; 1: its last item alone."),
    OptionDeclaration(
      "hops", \.hops, .wholeNumber(1...3),
      "Pairs that may lead from an item to what is scored; 2 finds much that 1 does not, 3 a little more."),
    OptionDeclaration(
      "second_hop_weight", \.secondHopWeight, .weight(upTo: 1_000_000),
      "What scores over two pairs weigh beside those over one."),
    OptionDeclaration(
      "third_hop_weight", \.thirdHopWeight, .weight(upTo: 1_000_000),
      "What scores over three pairs weigh beside those over one."),
    OptionDeclaration(
      "hop_items", \.hopItems, .wholeNumber(1...10_000),
      "Items that the third hop goes on from, the best of the second; more take longer."),
    OptionDeclaration(
      "unseen_weight", \.unseenWeight, .weight(upTo: 1_000_000),
      "What scores of items that the session's locale never had are multiplied with; 1 changes nothing."),
  ])

  /// What is shown of them.
  public static var summaries: [OptionSummary] { table.summaries(Self(), owner: CountingModel.counts.name) }

  /// The options as a checkpoint has them; what it does not name keeps its default.
  /// - Throws: `OptionError.badValue`.
  public init(options: [String: String]) throws(OptionError) {
    try Self.table.set(known: options, in: &self)
  }
}

extension OptionKind where Value: BinaryFloatingPoint & LosslessStringConvertible {
  /// Numbers up to one with which no sum grows out of its type.
  fileprivate static func weight(upTo most: Int) -> Self {
    number("a number from 0 to \(most)") { (0...Value(most)).contains($0) }
  }
}
