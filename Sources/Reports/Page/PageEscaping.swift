import Mustache

/// How text from runs stands in the page: nothing in it is taken for HTML, and nothing in it is invisible.
///
/// It goes by Unicode scalars: a quote with an accent on it is one character, and still ends an attribute.
package struct PageEscaping: MustacheContentType {
  /// The name that templates give in their first line.
  package static let name = "PAGE"

  package init() {}

  package func escapeText(_ text: String) -> String {
    var shown = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if let escape = Self.escapes[scalar] {
        shown.append(contentsOf: escape.unicodeScalars)
      } else {
        shown.append(Self.isShown(scalar) ? scalar : "?")
      }
    }
    return String(shown)
  }

  private static let escapes: [Unicode.Scalar: String] = [
    "<": "&lt;", ">": "&gt;", "&": "&amp;", "\"": "&quot;", "'": "&#39;",
  ]

  /// Control characters, and those that turn the direction of what follows, are not.
  private static func isShown(_ scalar: Unicode.Scalar) -> Bool {
    if scalar == "\n" || scalar == "\t" { return true }
    let turns = (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
    return scalar.properties.generalCategory != .control && !turns
  }
}
