import Foundation
import MPI

/// Σ exp(logit) over some rows, for some sessions: each as sum · 2^reference, which does not overflow.
package struct ExponentialSums {
  /// `[sessions]`.
  package private(set) var references: [Float]
  /// Σ 2^(logit · log₂e - reference), `[sessions]`.
  package private(set) var sums: [Double]

  package init(references: [Float], sums: [Double]) {
    precondition(references.count == sums.count, "\(references.count) references of \(sums.count) sums")
    self.references = references
    self.sums = sums
  }

  /// Adds the sums of the rows to the right.
  mutating func add(_ right: ExponentialSums) {
    for session in sums.indices {
      let mine = references[session], theirs = right.references[session]
      if mine >= theirs {
        sums[session] += right.sums[session] * exp2(Double(theirs) - Double(mine))
      } else {
        sums[session] = sums[session] * exp2(Double(mine) - Double(theirs)) + right.sums[session]
        references[session] = theirs
      }
    }
  }
}

/// Puts the sums of exponentials of all stripes together, in the balanced tree over the stripes: the same bits whoever
/// walked which stripes.
package struct NormaliserTree {
  private let tree: LaneTree
  private let holders: any ProcessGroup
  /// The nodes of the tree that each of the holders adds up by itself.
  private let nodes: [[Range<Int>]]

  /// - Parameter holders: the ranks that walk the catalogue between them.
  package init(_ layout: CatalogueLayout, holders: any ProcessGroup) {
    tree = layout.tree
    self.holders = holders
    nodes = (0..<holders.size).map { layout.tree.subtrees(of: layout.stripes(of: $0, size: holders.size)) }
  }

  /// What this rank contributes; local.
  /// - Parameter stripes: the sums of each stripe that this rank walked.
  /// - Returns: one for each of its nodes.
  package func ownNodes(_ stripes: [ExponentialSums]) -> [ExponentialSums] {
    let own = nodes[holders.rank], first = own.first?.lowerBound ?? 0
    precondition(stripes.count == own.reduce(0) { $0 + $1.count }, "\(stripes.count) stripes for the nodes \(own)")
    return own.map { node in
      fold(Array(stripes[node.lowerBound - first..<node.upperBound - first]), of: node.map { $0..<$0 + 1 }, under: node)
    }
  }

  /// The sums over the whole catalogue, on all holders; collective.
  /// - Parameter own: see `ownNodes`; all of one number of sessions, the same on all holders.
  package func total(_ own: [ExponentialSums], sessions: Int) throws(MPIError) -> ExponentialSums {
    let message = own.flatMap { $0.references.map(Double.init) + $0.sums }
    let all = try holders.allGather(message, counts: nodes.map { 2 * $0.count * sessions })
    let blocks = nodes.flatMap { $0 }
    let sums = blocks.indices.map { node in
      let first = 2 * node * sessions
      return ExponentialSums(
        references: all[first..<first + sessions].map { Float($0) },
        sums: Array(all[first + sessions..<first + 2 * sessions]))
    }
    return fold(sums, of: blocks, under: 0..<tree.lanes)
  }

  private func fold(_ parts: [ExponentialSums], of blocks: [Range<Int>], under node: Range<Int>) -> ExponentialSums {
    var parts = parts
    for step in tree.additions(of: blocks, under: node) { parts[step.target].add(parts[step.source]) }
    return parts[0]
  }
}
