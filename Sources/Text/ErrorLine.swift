/// A message as the one line that a terminal or a log gets, whatever the files, paths and options in it hold: nothing
/// that is not printable, and of a long one the middle left out, for its end says what to do.
/// - Parameter limit: the most bytes of the line, in UTF-8: 300, less what tells program, rank and host.
package func errorLine(_ message: String, limit: Int = 240) -> String {
  // A message that quotes a whole file is not walked through: of such a one only the two ends count.
  let isLong = message.utf8.count > 4 * limit
  let ends = isLong ? [message.prefix(2 * limit), message.suffix(2 * limit)] : [message[...]]
  let words = ends.map { end in
    end.split(whereSeparator: \.isWhitespace).map { printable(String($0), limit: limit) }.joined(separator: " ")
  }
  let line = words.joined(separator: " ")
  if line.utf8.count <= limit { return line }
  let gap = " … "
  let room = limit - gap.utf8.count
  return prefix(of: line, bytes: room / 2) + gap + suffix(of: line, bytes: room / 2)
}

/// The longest beginning that fits, of whole characters.
private func prefix(of text: String, bytes: Int) -> Substring {
  var end = text.utf8.index(text.startIndex, offsetBy: bytes)
  while end.samePosition(in: text) == nil { end = text.utf8.index(before: end) }
  return text[..<end]
}

/// The longest end that fits, of whole characters.
private func suffix(of text: String, bytes: Int) -> Substring {
  var start = text.utf8.index(text.endIndex, offsetBy: -bytes)
  while start.samePosition(in: text) == nil { start = text.utf8.index(after: start) }
  return text[start...]
}
