import Models
import Sessions

/// What COUNTS scores from, made once for all that score by the same counts.
final class HopTables: Sendable {
  let options: CountingOptions
  /// Rows of the catalogue, the padding row counted.
  let rows: Int
  let ofAll: PairRows
  /// By the locale's code.
  private let ofLocales: [PairRows]
  let seen: SeenItems

  init(_ transitions: LocaleTransitions, seen: SeenItems) {
    options = transitions.options
    rows = transitions.rows
    ofAll = PairRows(transitions.all)
    ofLocales = transitions.runs.dropLast().map(PairRows.init)
    self.seen = seen
  }

  /// The pairs of a locale; nil for sessions without one.
  func ofLocale(_ code: UInt16) -> PairRows? { code < ofLocales.count ? ofLocales[Int(code)] : nil }
}
