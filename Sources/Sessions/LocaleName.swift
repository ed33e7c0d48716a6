/// What a locale may be called: one rule for session files, for answers and for options.
///
/// A name stands in lists, in CSV and in tables as it is. So it has from 1 to 64 bytes of UTF-8, and among them no
/// blanks, control characters or others that cannot be seen, no commas, quotes or backslashes.
public enum LocaleName {
  static let longest = 64

  /// The rule, as it may stand behind "a locale's name has".
  package static let rule = "1 to 64 bytes, no blanks, control characters, commas, quotes or backslashes"

  /// Whether a text may be a name.
  /// - Parameter text: UTF-8.
  static func isValid(_ text: TextSlice) -> Bool {
    if !(1...longest).contains(text.count) { return false }
    return text.bytes.allSatisfy(isPlain) || text.string.unicodeScalars.allSatisfy(isVisible)
  }

  package static func isValid(_ text: String) -> Bool {
    (1...longest).contains(text.utf8.count) && text.unicodeScalars.allSatisfy(isVisible)
  }

  /// Parses a list such as `ES,FR,IT`, separated by commas, blanks or both.
  /// - Returns: each name once, in the order of the list; nil where one is empty or breaks the rule.
  public static func parse(list: String) -> [String]? {
    var names: [String] = []
    for part in list.split(separator: ",", omittingEmptySubsequences: false) {
      let words = part.split(separator: " ").map(String.init)
      guard !words.isEmpty, words.allSatisfy(isValid) else { return nil }
      for word in words where !names.contains(word) { names.append(word) }
    }
    return names
  }

  /// An ASCII letter, digit or sign that a name may have.
  private static func isPlain(_ byte: UInt8) -> Bool {
    (0x21...0x7e).contains(byte) && !#"",'\"#.utf8.contains(byte)
  }

  private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return isPlain(UInt8(ascii: scalar)) }
    let hidden: [Unicode.GeneralCategory] = [
      .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned,
    ]
    let properties = scalar.properties
    return !properties.isWhitespace && !properties.isDefaultIgnorableCodePoint
      && !hidden.contains(properties.generalCategory)
  }
}
