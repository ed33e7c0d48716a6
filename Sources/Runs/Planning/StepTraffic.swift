import Catalogue
import Tensors

/// What a rank sends in a step of the full loss: the same bytes that `ProcessGroup.bytesSent` counts.
///
/// Looked-up rows are taken to lie evenly among the ranks, so a rank may send more of them and another less; the mean
/// over ranks does not depend on it.
package struct StepTraffic: Sendable {
  /// One kind of message.
  package struct Part: Sendable {
    package let name: String
    /// Of one rank in one step.
    package let bytes: Double
    let messages: Double
    /// Whether MPI hands it round in a circle, in which a node sends no more than one rank's part to another node.
    var goesRound = false
  }

  package let parts: [Part]

  package var bytes: Double { parts.reduce(0) { $0 + $1.bytes } }
  package var messages: Double { parts.reduce(0) { $0 + $1.messages } }

  /// - Parameter rank: of those of `shares`.
  package init(_ shape: ModelShape, _ load: StepLoad, _ shares: StepShares, rank: Int) {
    guard shares.size > 1 else {
      parts = []
      return
    }
    let size = Double(shares.size), peers = size - 1, width = Double(shape.width)
    let dense = Double(shape.denseCount), denseNodes = Double(shares.laneNodes[rank])
    let ownRows = Double(shares.rows(of: rank)), rows = Double(load.items + 1)
    let elsewhere = 1 - ownRows / rows
    let clicks = shares.clicks(of: rank)
    var parts = [
      // Gradients of the dense weights to the ranks that add them, and the sums to all.
      Part(name: "other weights", bytes: 4 * denseNodes * dense * peers / size, messages: denseNodes * peers),
      Part(name: "other weights' sum", bytes: 4 * dense * peers / size, messages: peers, goesRound: true),
      // Counts, rows, gradients of looked-up rows to the rows' owners.
      Part(name: "lookups", bytes: 8 * peers + 4 * clicks * elsewhere * (width + 1), messages: 3 * peers),
    ]
    if load.clips {
      let tiles = Double(shares.layout.rows) / Double(Tensor.tileItems) * ownRows / rows
      parts.append(Part(name: "lengths", bytes: 8 * peers * (2 + tiles), messages: 2 * peers))
    }
    if shares.isSharded {
      let distinct = shares.distinctRows(of: rank)
      let asked = distinct * elsewhere
      // Others ask for about as many each.
      let sent = distinct * peers * ownRows / rows
      let sessions = shares.multipliedTargets(of: rank), nodes = Double(shares.stripeNodes[rank])
      parts += [
        Part(name: "looked-up rows", bytes: 8 * peers + 4 * asked + 4 * sent * width, messages: 3 * peers),
        Part(
          name: "session vectors", bytes: 4 * peers * shares.targets(of: rank) * width, messages: peers,
          goesRound: true),
        Part(name: "normalisers", bytes: 16 * peers * nodes * sessions, messages: peers, goesRound: true),
        // Integers of 32 bits, added up over the ranks.
        Part(name: "targets' logits", bytes: 8 * peers / size * sessions, messages: 2 * peers),
        Part(
          name: "sessions' gradients",
          bytes: 4 * nodes * (sessions - sessions * Double(shares.lanes[rank].count) / Double(load.lanes)) * width,
          messages: nodes * peers),
      ]
    } else {
      let nodes = Double(shares.blockNodes[rank])
      parts += [
        Part(name: "losses", bytes: 8 * peers * Double(shares.lanes[rank].count), messages: peers),
        Part(name: "table's gradient", bytes: 4 * nodes * (rows - ownRows) * width, messages: nodes * peers),
        Part(name: "updated rows", bytes: 4 * peers * ownRows * width, messages: peers, goesRound: true),
      ]
    }
    self.parts = parts
  }

  /// How much longer MPI_Allgatherv of Open MPI 4.1 holds a link than its bytes need, measured over TCP.
  private static let slowCircle = 1.8

  /// The bytes that a node's link has time for while its ranks send to other nodes, where each node has as many: it shares one link.
  /// - Parameter ranks: of the node.
  func bytesLeavingNode(ofRanks ranks: Int, size: Int) -> Double {
    guard size > ranks else { return 0 }
    let direct = Double(ranks * (size - ranks)) / Double(size - 1)
    return parts.reduce(0) { $0 + $1.bytes * ($1.goesRound ? Self.slowCircle : direct) }
  }
}
