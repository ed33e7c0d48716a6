/// Rows of cells as lines: the first column to the left, numbers to the right, two blanks between.
func alignedTable(_ rows: [[String]]) -> String {
  let columns = rows.map(\.count).max() ?? 0
  let widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
  return rows.map { row in
    row.enumerated().map { column, cell in
      let padding = String(repeating: " ", count: widths[column] - cell.count)
      return column == 0 ? cell + padding : padding + cell
    }.joined(separator: "  ") + "\n"
  }.joined()
}

extension Double {
  /// With a fixed number of decimals and a point, whatever the system's language.
  func formatted(decimals: Int) -> String {
    var scale = 1
    for _ in 0..<decimals { scale *= 10 }
    let rounded = Int((abs(self) * Double(scale)).rounded())
    let fraction = String(rounded % scale)
    let sign = self < 0 && rounded > 0 ? "-" : ""
    if decimals == 0 { return sign + "\(rounded)" }
    return sign + "\(rounded / scale)." + String(repeating: "0", count: decimals - fraction.count) + fraction
  }
}
