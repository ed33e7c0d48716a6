/// Text from outside as it may stand in a message: on one line, without control characters, cut where it is long.
/// - Parameter limit: the most characters that are shown.
package func printable(_ text: String, limit: Int = 80) -> String {
  var shown = ""
  // More than the limit is never looked at: the text may be a whole file.
  for (count, character) in text.prefix(limit + 1).enumerated() {
    if count == limit { return shown + "…" }
    let isPlain = character.unicodeScalars.allSatisfy { scalar in
      !scalar.properties.isDefaultIgnorableCodePoint
        && ![.control, .lineSeparator, .paragraphSeparator, .format, .surrogate, .unassigned, .privateUse]
          .contains(scalar.properties.generalCategory)
    }
    shown += isPlain && character.unicodeScalars.count <= 8 ? String(character) : "?"
  }
  return shown
}
