/// The name among `known` that someone who typed `given` is likely to have meant; nil where none is near.
///
/// Near is one slip in a short name and up to a third of a long one, a slip being a letter too many, too few, wrong, or
/// swapped with its neighbour (Damerau, CACM 1964). Letters' cases, dashes and underscores do not count.
package func nearestName(to given: String, among known: some Sequence<String>) -> String? {
  let typed = letters(of: given)
  guard typed.count <= 64 else { return nil }
  let slips = known.map { (name: $0, slips: distance(typed, letters(of: $0)), length: letters(of: $0).count) }
  let near = slips.filter { $0.slips <= max(1, min(typed.count, $0.length) / 3) && $0.slips < $0.length }
  return near.min { ($0.slips, $0.name) < ($1.slips, $1.name) }?.name
}

private func letters(of name: String) -> [Character] { name.lowercased().filter { $0 != "-" && $0 != "_" }.map { $0 } }

/// How many slips lead from one word to the other.
private func distance(_ a: [Character], _ b: [Character]) -> Int {
  var rows = [Array(0...b.count)]
  for i in 0..<a.count {
    var row = [i + 1]
    for j in 0..<b.count {
      var least = min(row[j] + 1, rows[i][j + 1] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { least = min(least, rows[i - 1][j - 1] + 1) }
      row.append(least)
    }
    rows.append(row)
  }
  return rows[a.count][b.count]
}
