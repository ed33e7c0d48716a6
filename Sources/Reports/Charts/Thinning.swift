/// What is left of long curves, so that a page stays small and its curves smooth.
package enum Thinning {
  /// Points in a row as their means, so that there are `limit` at most.
  package static func means(_ points: [(x: Double, y: Double)], limit: Int) -> [(x: Double, y: Double)] {
    guard points.count > limit, limit > 0 else { return points }
    let size = (points.count + limit - 1) / limit
    return stride(from: 0, to: points.count, by: size).map { first in
      let part = points[first..<min(first + size, points.count)]
      // Its last place: what is told of is what came until then.
      return (part.last?.x ?? 0, part.reduce(0) { $0 + $1.y } / Double(part.count))
    }
  }

  /// Some of the elements, evenly, the first and the last among them.
  package static func some<Element>(_ elements: [Element], limit: Int) -> [Element] {
    guard elements.count > limit, limit > 1 else { return elements }
    return (0..<limit).map { elements[$0 * (elements.count - 1) / (limit - 1)] }
  }
}
