import Catalogue
import Models
import Tensors

/// What a step of training works on, as far as its cost goes.
package struct StepLoad: Sendable {
  /// V, the items of the catalogue.
  package var items: Int
  /// Sessions in a global batch.
  package var batchSize: Int
  /// Clicks in a session that go through the encoder, on average.
  package var clicksPerSession: Double
  /// Targets of a session, on average.
  package var targetsPerSession = 1.0
  package var lanes: Int
  package var headBlocks: Int
  /// Of a rank.
  package var threads: Int
  package var placement = TablePlacement.replicated
  package var precision = Precision.float32
  /// Whether the gradient's length is limited, for which all of it must be known at once.
  package var clips = false
  package var isFullLoss = true
  /// Items drawn for a sampled loss.
  package var samples = 0
  /// Whether a sampled loss's gradient is spread over all rows.
  package var updatesAllRows = false

  /// A step of the full loss, on replicas in float32.
  package init(
    items: Int, batchSize: Int, clicksPerSession: Double, lanes: Int, headBlocks: Int, threads: Int
  ) {
    (self.items, self.batchSize, self.clicksPerSession) = (items, batchSize, clicksPerSession)
    (self.lanes, self.headBlocks, self.threads) = (lanes, headBlocks, threads)
  }

  /// Session vectors in a batch.
  package var targets: Double { Double(batchSize) * targetsPerSession }
}

/// The sizes of a model from which costs follow.
package struct ModelShape: Sendable {
  /// D, the width of the item table.
  let width: Int
  /// How many dense weights there are, and the rows of their matrices.
  let denseCount: Int
  let denseRows: Int
  /// How often a click goes through them.
  let passes: Int
  /// Whether the rows of the table are scored as they are.
  let scoresRows: Bool
  /// Whether one pass over a session serves all of its prefixes.
  let sharesPrefixes: Bool

  package init(_ model: ModelConfiguration) {
    // Shapes take no memory: a model of one item shows all sizes but the table's.
    let small = model.makeModel(items: 1)
    width = small.parameters.itemTable.columns
    denseCount = small.parameters.denseCount
    denseRows = small.parameters.dense.reduce(0) { $0 + $1.rows }
    passes = small.encoderPasses
    scoresRows = small.scoring == .dotProduct
    sharesPrefixes = type(of: small).prefixes == .shared
  }
}
