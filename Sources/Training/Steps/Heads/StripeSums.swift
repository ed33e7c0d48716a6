import Catalogue
import Foundation
import MPI
import Tensors

/// What the first walk gathers of a stripe for each session vector.
struct StripeSums {
  /// What exponents are told from, `[S]`.
  let references: UnsafeMutablePointer<Float>
  /// Σ 2^(logit · log₂e - reference), `[S]`.
  let sums: UnsafeMutablePointer<Double>
  /// Σ 2^(logit · log₂e - reference) · row, the target's row left out, `[S, D]`.
  let gradients: Tensor
}

/// Puts the sums of exponentials of all stripes together, in the tree over the stripes: the same bits whoever walked
/// which stripe.
struct NormaliserExchange {
  private let holders: any ProcessGroup
  /// How many nodes of the tree each of the holders has.
  private let nodeCounts: [Int]
  private let ownAdditions: [LaneTree.Addition]
  private let ownNodes: [Int]
  private let restAdditions: [LaneTree.Addition]

  /// - Parameter holders: the ranks that walk the catalogue between them.
  init(_ layout: CatalogueLayout, holders: any ProcessGroup) {
    let tree = layout.tree
    let stripes = (0..<holders.size).map { layout.stripes(of: $0, size: holders.size) }
    let nodes = stripes.map(tree.subtrees(of:))
    let own = stripes[holders.rank]
    self.holders = holders
    nodeCounts = nodes.map(\.count)
    ownNodes = nodes[holders.rank].map { $0.lowerBound - own.lowerBound }
    ownAdditions = nodes[holders.rank].flatMap { node in
      tree.additions(of: node.map { $0..<$0 + 1 }, under: node).map {
        LaneTree.Addition(
          target: $0.target + node.lowerBound - own.lowerBound, source: $0.source + node.lowerBound - own.lowerBound)
      }
    }
    restAdditions = tree.additions(of: nodes.flatMap { $0 }, under: 0..<tree.lanes)
  }

  /// Collective.
  /// - Parameters:
  ///   - references, sums: of each stripe that this rank walked, `[stripes, sessions]`. Left as they are.
  ///   - targetLogits: of the sessions whose target this rank holds, `[sessions]`; anything for the others. Completed.
  ///   - holder: which rank holds the target of each session.
  /// - Returns: log₂ Σ exp(logit) of each session.
  func normalisers(
    _ references: Tensor, _ sums: UnsafeMutablePointer<Double>, targetLogits: Tensor, holder: [Int]
  ) throws(MPIError) -> [Double] {
    let sessions = targetLogits.count
    var stripes = (0..<references.rows).map { stripe in
      ExponentialSums(references.rows(stripe..<stripe + 1), sums + stripe * sessions)
    }
    for step in ownAdditions { stripes[step.target].add(stripes[step.source]) }
    // A rank's message: for each of its nodes references and sums, then the logits.
    let counts = nodeCounts.map { (2 * $0 + 1) * sessions }
    var message: [Double] = []
    for node in ownNodes { message += stripes[node].references + stripes[node].sums }
    message += targetLogits.elements.map { Double($0) }
    let all = try holders.allGather(message, counts: counts)
    var nodes: [ExponentialSums] = []
    var logits: [ArraySlice<Double>] = []
    var next = 0
    for count in nodeCounts {
      for _ in 0..<count {
        nodes.append(
          ExponentialSums(
            references: Array(all[next..<next + sessions]), sums: Array(all[next + sessions..<next + 2 * sessions])))
        next += 2 * sessions
      }
      logits.append(all[next..<next + sessions])
      next += sessions
    }
    for step in restAdditions { nodes[step.target].add(nodes[step.source]) }
    for session in 0..<sessions {
      let ofHolder = logits[holder[session]]
      targetLogits.base[session] = Float(ofHolder[ofHolder.startIndex + session])
    }
    return zip(nodes[0].references, nodes[0].sums).map { Tensor.log2Normaliser(reference: Float($0), sum: $1) }
  }
}

/// Sums of exponentials of some stripes, one a session.
private struct ExponentialSums {
  private(set) var references: [Double]
  private(set) var sums: [Double]

  init(references: [Double], sums: [Double]) {
    self.references = references
    self.sums = sums
  }

  init(_ references: Tensor, _ sums: UnsafeMutablePointer<Double>) {
    self.references = references.elements.map { Double($0) }
    self.sums = Array(UnsafeBufferPointer(start: sums, count: references.count))
  }

  /// Takes in the sums of the stripes to the right.
  mutating func add(_ right: ExponentialSums) {
    for session in references.indices {
      let (own, other) = (references[session], right.references[session])
      if own >= other {
        sums[session] += right.sums[session] * exp2(other - own)
      } else {
        sums[session] = sums[session] * exp2(own - other) + right.sums[session]
        references[session] = other
      }
    }
  }
}
