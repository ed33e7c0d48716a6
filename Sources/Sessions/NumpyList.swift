/// The text of a list of item ids, as NumPy, Python, JSON and people print them.
///
/// NumPy separates by blanks and breaks long lists over lines, Python by commas:
/// `['B08Q3FZCCD' 'B09X4J194K'⏎ 'B083P1NX8V']` and `['B08Q3FZCCD', 'B09X4J194K']`. Quotes may be single, double or left
/// out, as around numbers, `[214 533]`; so may the brackets, `214,533`.
enum NumpyList {
  /// Appends the list's items to `items`.
  /// - Returns: what is wrong with the text, nil when nothing is.
  static func parse(_ text: TextSlice, into items: inout [TextSlice]) -> RowDefect? {
    var list = text.trimmed
    if list.count == 0 { return .emptySession }
    if list.start[0] == UInt8(ascii: "[") || list.start[list.count - 1] == UInt8(ascii: "]") {
      guard list.count >= 2, list.start[0] == UInt8(ascii: "["), list.start[list.count - 1] == UInt8(ascii: "]")
      else { return .noBrackets }
      list = TextSlice(start: list.start + 1, count: list.count - 2)
    }
    let bytes = list.start, end = list.count
    var position = 0
    var isSeparated = true  // whether an item may begin here
    var isAfterComma = true  // whether a comma may not stand here: at the start, or after another
    var isQuoted: Bool?
    let before = items.count
    while position < end {
      let byte = bytes[position]
      if isBlank(byte) {
        isSeparated = true
        position += 1
        continue
      }
      if byte == UInt8(ascii: ",") {
        if isAfterComma { return .emptyItem }
        isSeparated = true
        isAfterComma = true
        position += 1
        continue
      }
      if !isSeparated { return .noSeparator }
      let hasQuote = byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"")
      let item: TextSlice
      if hasQuote {
        let start = position + 1
        position = start
        while position < end, bytes[position] != byte {
          if !isIDByte(bytes[position]) { return .blankInItem }
          position += 1
        }
        if position == end { return .unclosedItem }
        item = TextSlice(start: bytes + start, count: position - start)
        position += 1
      } else {
        let start = position
        while position < end, !isBlank(bytes[position]), bytes[position] != UInt8(ascii: ",") { position += 1 }
        item = TextSlice(start: bytes + start, count: position - start)
        if let defect = defect(ofUnquoted: item) { return defect }
      }
      if let isQuoted, isQuoted != hasQuote { return .itemNotQuoted }
      isQuoted = hasQuote
      if item.count == 0 { return .emptyItem }
      items.append(item)
      isSeparated = false
      isAfterComma = false
    }
    return items.count == before ? .emptySession : nil
  }

  @inline(__always)
  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "\t")
  }

  /// What stands in a list without quotes and is no id.
  private static func defect(ofUnquoted item: TextSlice) -> RowDefect? {
    if item.bytes.elementsEqual("...".utf8) { return .ellipsis }
    if item.bytes.starts(with: "np.".utf8) { return .typedItem }
    for byte in item.bytes {
      if byte == UInt8(ascii: "[") || byte == UInt8(ascii: "]") { return .noBrackets }
      if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") { return .noSeparator }
      if !isIDByte(byte) { return .blankInItem }
    }
    // [214. 533.] and [214.0 533.0] are numbers that became fractions, as pandas has them beside missing ones: ids of no
    // other file.
    let whole = item.bytes.prefix { $0 &- UInt8(ascii: "0") < 10 }, rest = item.bytes.dropFirst(whole.count)
    let isFraction =
      !whole.isEmpty && rest.first == UInt8(ascii: ".") && rest.dropFirst().allSatisfy { $0 == UInt8(ascii: "0") }
    return isFraction ? .fractionItem : nil
  }

  /// Blanks would break lists of ids apart elsewhere; a backslash begins an escape whose meaning we would
  /// have to guess.
  @inline(__always)
  static func isIDByte(_ byte: UInt8) -> Bool { byte > 0x20 && byte != 0x7f && byte != UInt8(ascii: "\\") }
}
