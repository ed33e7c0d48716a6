import Models
import Tensors

/// The seconds that a rank takes for the parts of a step, from what a node can do.
struct StepSeconds {
  private let rank: StepCost.Rank
  private let speed: NodeSpeed
  private let headSpeed: NodeSpeed.Head
  private let secondsPerClick: Double

  /// - Throws: `PlanningError.notCalibrated`.
  init(_ model: ModelConfiguration, _ rank: StepCost.Rank, _ speed: NodeSpeed) throws(PlanningError) {
    self.rank = rank
    self.speed = speed
    guard let head = speed.head[rank.load.precision.rawValue] else {
      throw .notCalibrated(what: "--precision \(rank.load.precision.rawValue)", machine: speed.machine)
    }
    headSpeed = head
    guard let click = speed.encoderMicroseconds[model.name], let usual = ModelConfiguration(name: model.name) else {
      throw .notCalibrated(what: "--model \(model.name)", machine: speed.machine)
    }
    // Other sizes than the model's own: by its weights.
    let ordinary = ModelShape(usual)
    let ratio =
      Double(rank.shape.denseCount * rank.shape.passes + rank.shape.width)
      / Double(ordinary.denseCount * ordinary.passes + ordinary.width)
    secondsPerClick = click * 1e-6 * ratio
  }

  private var width: Double { Double(rank.shape.width) }
  private var memoryBytesPerSecond: Double { speed.memoryGigabytesPerSecond * 1e9 }

  /// Session vectors at which a block's products have half their speed: short ones cost more than their operations.
  private static let slowBlock = 1.3

  func encode(_ number: Int) -> Double {
    rank.shares.clicks(of: number) * secondsPerClick * rank.threadShare(ofPieces: rank.shares.lanes[number].count)
      * rank.crowding
  }

  /// Both walks over the catalogue, and what they gather for each stripe.
  func head(_ number: Int) -> Double {
    let shares = rank.shares
    let sessions = shares.multipliedTargets(of: number), rows = Double(shares.walkedRows(of: number))
    let stripes = shares.walkedStripes(of: number)
    let fill = 1 + Self.slowBlock / shares.targetsOfBlock
    let logit = 8 * width / (headSpeed.gflops * 1e9) * fill + headSpeed.nanosecondsPerLogit * 1e-9
    let walks = sessions * rows * logit * rank.threadShare(ofPieces: rank.pieces(ofStripes: stripes))
    // A gradient of every session for each stripe is scaled, and added to another: 20 bytes a float.
    let sums = Double(stripes) * sessions * width * 20 / memoryBytesPerSecond / Double(rank.load.threads)
    return (walks + sums + (shares.isSharded ? normalisers(number, sessions) : 0)) * rank.crowding
  }

  /// Every rank adds up all sessions' normalisers by itself.
  private func normalisers(_ number: Int, _ sessions: Double) -> Double {
    let nodes = rank.shares.stripeNodes.reduce(0, +) + rank.shares.walkedStripes(of: number)
    return sessions * Double(nodes) * 12e-9
  }

  /// Where ranks hold the same rows: their gradients written out, and added up by the rows' owners.
  func gradient(_ number: Int) -> Double {
    guard !rank.shares.isSharded, rank.shares.size > 1 else { return 0 }
    let written = Double(rank.shares.layout.rows * rank.shares.blockNodes[number]) * 8
    let added = Double(rank.shares.rows(of: number) * (rank.shares.blockNodes.reduce(0, +) + 1)) * 4
    let threads = Double(rank.load.threads)
    return (written / threads + added) * width / memoryBytesPerSecond * rank.crowding
  }

  /// Weights and both moments read and written, the gradient read.
  func optimizer(_ number: Int) -> Double {
    let bytes = Double(rank.shares.rows(of: number)) * width * 28
    return bytes / memoryBytesPerSecond
      * rank.threadShare(ofPieces: rank.pieces(ofStripes: rank.shares.walkedStripes(of: number)))
      * rank.crowding
  }

  /// A node's link takes what all of its ranks send to others; ranks of a node copy their bytes themselves.
  func exchange(_ traffic: StepTraffic) -> Double {
    let size = rank.shares.size
    guard size > 1 else { return 0 }
    let elsewhere = max(0, Double(size - rank.ranksPerNode) / Double(size - 1))
    let copies = traffic.bytes * (1 - elsewhere) / (speed.exchangeGigabytesPerSecond * 1e9) * rank.crowding
    let messages =
      traffic.messages * 1e-6
      * (speed.messageMicroseconds * (1 - elsewhere) + speed.networkMessageMicroseconds * elsewhere)
    guard let network = rank.cluster.network, elsewhere > 0 else { return copies + messages }
    let bytes = traffic.bytesLeavingNode(ofRanks: rank.ranksPerNode, size: size)
    return copies + messages + bytes * 8 / (network * ClusterShape.payload)
  }
}
