/// The text of a list of item ids, as NumPy and Python print them.
///
/// NumPy separates by blanks and breaks long lists over lines, Python by commas:
/// `['B08Q3FZCCD' 'B09X4J194K'⏎ 'B083P1NX8V']` and `['B08Q3FZCCD', 'B09X4J194K']`. Quotes may be single or double.
enum NumpyList {
  /// Appends the list's items to `items`.
  /// - Returns: what is wrong with the text, nil when nothing is.
  static func parse(_ text: TextSlice, into items: inout [TextSlice]) -> RowDefect? {
    let list = text.trimmed
    if list.count == 0 { return .emptySession }
    guard list.count >= 2, list.start[0] == UInt8(ascii: "["), list.start[list.count - 1] == UInt8(ascii: "]")
    else { return .noBrackets }
    let bytes = list.start
    let end = list.count - 1
    var position = 1
    var isSeparated = true  // whether an item may begin here
    var isAfterComma = true  // whether a comma may not stand here: at the start, or after another
    var found = 0
    while position < end {
      let byte = bytes[position]
      switch byte {
      case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"):
        isSeparated = true
        position += 1
      case UInt8(ascii: ","):
        if isAfterComma { return .emptyItem }
        isSeparated = true
        isAfterComma = true
        position += 1
      case UInt8(ascii: "'"), UInt8(ascii: "\""):
        if !isSeparated { return .noSeparator }
        let start = position + 1
        position = start
        while position < end, bytes[position] != byte {
          if !isIDByte(bytes[position]) { return .blankInItem }
          position += 1
        }
        if position == end { return .unclosedItem }
        if position == start { return .emptyItem }
        items.append(TextSlice(start: bytes + start, count: position - start))
        found += 1
        position += 1
        isSeparated = false
        isAfterComma = false
      case UInt8(ascii: "."): return .ellipsis
      case UInt8(ascii: "]"): return .noBrackets
      default: return .itemNotQuoted
      }
    }
    return found == 0 ? .emptySession : nil
  }

  /// Blanks would break lists of ids apart elsewhere; a backslash begins an escape whose meaning we would
  /// have to guess.
  @inline(__always)
  static func isIDByte(_ byte: UInt8) -> Bool { byte > 0x20 && byte != 0x7f && byte != UInt8(ascii: "\\") }
}
