import CKernels

/// For each node of a graph, the nodes that it hears from: those of node n are
/// `nodes[offsets[n] ..< offsets[n + 1]]`.
public struct Neighbours: Equatable, Sendable {
  /// One more than there are nodes: from 0, rising, to `nodes.count`.
  public let offsets: [Int32]
  /// All nodes' neighbours, node after node, by their rows.
  public let nodes: [Int32]

  /// - Precondition: `offsets` begins with 0 and ends with `nodes.count`.
  public init(offsets: [Int32], nodes: [Int32]) {
    precondition(offsets.first == 0 && offsets.last.map(Int.init) == nodes.count, "offsets of another list")
    self.offsets = offsets
    self.nodes = nodes
  }
}

extension Tape {
  /// bias + the mean of each node's neighbours; the bias alone where a node has none.
  /// - Parameters:
  ///   - x: `[nodes, D]`.
  ///   - bias: `[D]`.
  /// - Returns: `[nodes, D]`.
  public func neighbourMean(_ x: Variable, _ neighbours: Neighbours, bias: Parameter) -> Variable {
    let bias = variable(bias)
    let nodes = Int64(x.value.rows), width = Int64(x.value.columns)
    precondition(neighbours.offsets.count == x.value.rows + 1 && bias.value.columns == x.value.columns)
    let mean = arena.uninitialised(rows: x.value.rows, columns: x.value.columns)
    ck_neighbour_mean(
      nodes, width, neighbours.offsets, neighbours.nodes, x.value.base, bias.value.base, mean.base)
    return record(mean) { [arena] dMean in
      ck_sum_rows(nodes, width, dMean.base, bias.gradient!.base)
      let dx = arena.zeros(rows: dMean.rows, columns: dMean.columns)
      ck_neighbour_mean_backward(nodes, width, neighbours.offsets, neighbours.nodes, dMean.base, dx.base)
      x.accumulate(dx)
    }
  }

  /// The gated cell of a graph network (Li et al., arXiv:1511.05493): r = σ(aᵣ + bᵣ), i = σ(aᵢ + bᵢ),
  /// n = tanh(aₙ + r·bₙ), after = (1 - i)·before + i·n.
  /// - Parameters:
  ///   - fromNeighbours: a, `[nodes, 3D]`, the blocks in the order r, i, n.
  ///   - fromNode: b, `[nodes, 3D]`.
  ///   - before: `[nodes, D]`.
  /// - Returns: `[nodes, D]`.
  public func gatedNode(fromNeighbours: Variable, fromNode: Variable, before: Variable) -> Variable {
    let nodes = before.value.rows, width = before.value.columns
    precondition(
      fromNeighbours.value.columns == 3 * width && fromNode.value.columns == 3 * width
        && fromNeighbours.value.rows == nodes && fromNode.value.rows == nodes,
      shapes(fromNeighbours.value, fromNode.value))
    // The kernel writes the gates over its first operand.
    let gates = fromNeighbours.value.copied(in: arena)
    let after = arena.uninitialised(rows: nodes, columns: width)
    ck_gated_node(
      Int64(nodes), Int64(width), gates.base, fromNode.value.base, before.value.base, after.base)
    return record(after) { [arena] dAfter in
      let dNeighbours = arena.uninitialised(rows: nodes, columns: 3 * width)
      let dNode = arena.uninitialised(rows: nodes, columns: 3 * width)
      let dBefore = arena.uninitialised(rows: nodes, columns: width)
      ck_gated_node_backward(
        Int64(nodes), Int64(width), gates.base, fromNode.value.base, before.value.base, dAfter.base,
        dNeighbours.base, dNode.base, dBefore.base)
      fromNeighbours.accumulate(dNeighbours)
      fromNode.accumulate(dNode)
      before.accumulate(dBefore)
    }
  }
}
