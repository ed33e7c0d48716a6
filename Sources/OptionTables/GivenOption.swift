/// An option as someone gave it.
public struct GivenOption: Codable, Equatable, Sendable {
  /// As it was spelled, in small letters with underscores: an option's name or alias, or a typing error.
  public let name: String
  /// The value as it was given, without blanks around it.
  public let text: String
  /// What messages call it: `--learning-rate`, or `learning_rate in run.yaml`.
  public let label: String

  /// An option of the command line.
  /// - Parameter name: with dashes or underscores, in any letters.
  public init(flag name: String, _ text: String) {
    self.init(name, text, label: flag(Self.normal(name)))
  }

  /// An option of a configuration file.
  /// - Parameter path: the file, for messages.
  public init(_ name: String, _ text: String, inFile path: String) {
    self.init(name, text, label: "\(name) in \(path)")
  }

  /// - Parameter text: blanks around it do not count.
  private init(_ name: String, _ text: String, label: String) {
    self.name = Self.normal(name)
    self.text = Self.trimmed(text)
    self.label = label
  }

  /// `--MAX_ITEM_LIST_LENGTH`, `max-item-list-length` and the like are one name.
  public static func normal(_ name: String) -> String { trimmed(name).lowercased().replacing("-", with: "_") }

  private static func trimmed(_ text: String) -> String {
    String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }
}
