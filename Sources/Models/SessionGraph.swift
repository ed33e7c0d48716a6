import Sessions
import Tensors

/// The directed graphs of a batch's sessions: a node for each distinct item of a session, an edge from each item
/// to the one clicked next, once however often it was taken.
///
/// The nodes of all sessions are numbered through, session after session, in order of first appearance; edges
/// are lists, so that memory goes with the clicks and not with the square of the longest session.
package struct SessionGraph {
  /// The item row of each node.
  package private(set) var items: [Int32] = []
  /// For each click of the batch, its node.
  package private(set) var nodeOfClick: [Int32] = []
  /// Whom a node was reached from, and whom it leads to.
  package let predecessors: Neighbours
  package let successors: Neighbours

  package init(_ batch: RaggedBatch) {
    var edges: [(from: Int32, to: Int32)] = []
    for session in 0..<batch.count {
      // Sessions are short: looking through their nodes and edges beats a hash table.
      let firstNode = items.count, firstEdge = edges.count
      for click in batch.clicks(of: session) {
        let item = batch.items[click]
        let node = Int32(items[firstNode...].firstIndex(of: item) ?? items.count)
        if Int(node) == items.count { items.append(item) }
        if let before = nodeOfClick.last, click > batch.clicks(of: session).lowerBound,
          !edges[firstEdge...].contains(where: { $0 == (before, node) })
        {
          edges.append((before, node))
        }
        nodeOfClick.append(node)
      }
    }
    predecessors = Self.neighbours(edges.map { ($0.to, $0.from) }, nodes: items.count)
    successors = Self.neighbours(edges, nodes: items.count)
  }

  /// Sorts pairs (node, neighbour) by node; the neighbours of one node keep their order.
  private static func neighbours(_ pairs: [(Int32, Int32)], nodes: Int) -> Neighbours {
    var offsets = [Int32](repeating: 0, count: nodes + 1)
    for (node, _) in pairs { offsets[Int(node) + 1] += 1 }
    for node in 0..<nodes { offsets[node + 1] += offsets[node] }
    var next = offsets
    var sorted = [Int32](repeating: 0, count: pairs.count)
    for (node, neighbour) in pairs {
      sorted[Int(next[Int(node)])] = neighbour
      next[Int(node)] += 1
    }
    return Neighbours(offsets: offsets, nodes: sorted)
  }
}
