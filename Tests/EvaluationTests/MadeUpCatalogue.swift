import Evaluation
import MPI
import Models
import OptionTables
import Sessions
import Tensors

/// A model whose vector of a session is the table's row of the session's first item.
final class FirstItemModel: SessionModel {
  struct Options: ModelOptions {
    static let table = OptionTable<Options>([])
    var width = 64
  }

  static let name = "FirstItem"
  static let summary = "the first item"
  static let papers: [String] = []
  let parameters: ParameterSet

  init(_ options: Options, items: Int) {
    var builder = ParameterBuilder()
    _ = builder.itemTable("item_embedding.weight", items: items, width: options.width, .xavierNormal)
    parameters = builder.build()
  }

  convenience init(table: [[Float]]) {
    self.init(Options(width: table[0].count), items: table.count - 1)
    _ = parameters.itemTable.value.elements.update(fromContentsOf: table.joined())
  }

  func encode(_ batch: RaggedBatch, on tape: Tape) -> Variable {
    tape.lookup(parameters.itemTable, rows: (0..<batch.count).map { batch.items[batch.clicks(of: $0).lowerBound] })
  }
}

extension CandidateRule {
  /// The candidates of sessions of Amazon's six locales.
  func candidates(_ products: CandidateTable) throws -> Candidates {
    var all: [Candidates] = []
    try CandidateSets(self, products, .amazon).forEachGroup(of: Array(0..<6)) { candidates, _ in all.append(candidates)
    }
    return all[0]
  }
}

/// Numbers that repeat from run to run.
struct Numbers: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var x = state
    x = (x ^ x >> 30) &* 0xbf58_476d_1ce4_e5b9
    x = (x ^ x >> 27) &* 0x94d0_49bb_1331_11eb
    return x ^ x >> 31
  }
}

/// A catalogue with sessions over it, and the answers by the plainest means.
///
/// All numbers are small multiples of 1/4, so that sums are exact in any order and ties are frequent.
struct MadeUpCatalogue {
  let rows: Int
  let table: [[Float]]
  /// A bit a locale.
  private let localeMask: [UInt8]
  let sessions: SessionTable
  let model: FirstItemModel

  init(items: Int, width: Int, sessions count: Int, seed: UInt64) {
    var numbers = Numbers(state: seed)
    rows = items + 1
    var table = (0...items).map { _ in (0..<width).map { _ in Float(Int.random(in: -4...4, using: &numbers)) / 4 } }
    table[0] = [Float](repeating: 0, count: width)
    // A third of the rows repeat another one.
    for row in 1...items where row % 3 == 0 { table[row] = table[Int.random(in: 1...items, using: &numbers)] }
    var mask = (0...items).map { _ in UInt8.random(in: 0..<64, using: &numbers) }
    mask[0] = 0
    self.table = table
    localeMask = mask
    sessions = SessionTable(
      sessions: (0..<count).map { _ in
        (0..<Int.random(in: 1...6, using: &numbers)).map { _ in Int32.random(in: 1...Int32(items), using: &numbers) }
      },
      targets: (0..<count).map { _ in Int32.random(in: 1...Int32(items), using: &numbers) },
      locales: (0..<count).map { _ in ShopLocale.allCases.randomElement(using: &numbers)! })
    model = FirstItemModel(table: table)
  }

  /// What was seen where, and never counted.
  var products: CandidateTable { products(trainCount: [Int32](repeating: 0, count: 6 * rows)) }

  /// - Parameter trainCount: `[6, items + 1]`; what stands at items that were not seen does not count.
  func products(trainCount: [Int32]) -> CandidateTable {
    CandidateTable(localeMask: localeMask, trainCount: trainCount)
  }

  func evaluator(_ options: EvaluationOptions = EvaluationOptions(), threads: Int = 1) throws -> Evaluator {
    try Evaluator(products, .amazon, options, team: ThreadTeam(count: threads), group: SoloGroup())
  }

  func predictor(_ options: Predictor.Options, trainCount: [Int32]? = nil) throws -> Predictor {
    try Predictor(
      trainCount.map { products(trainCount: $0) } ?? products, .amazon, options, group: SoloGroup())
  }

  /// The candidates of a session, best first, by sorting.
  func sorted(_ session: Int, _ rule: CandidateRule, filterSeen: Bool) -> [Int32] {
    let items = Array(sessions.items(of: session))
    let vector = table[Int(items[0])]
    let scores = table.map { row in zip(row, vector).reduce(Float(0)) { $0 + $1.0 * $1.1 } }
    return (1..<Int32(rows)).filter { row in
      // A locale in which nothing was seen is none.
      let code = sessions.locales[session], isKnown = localeMask.contains { $0 >> code & 1 == 1 }
      let isSeen = localeMask[Int(row)] >> code & 1 == 1 || !isKnown
      let isCandidate =
        switch rule {
        case .all: true
        case .locale: isSeen
        case .locales(let locales):
          locales.contains { localeMask[Int(row)] >> LocaleNames.amazon.code(of: $0)! & 1 == 1 }
        }
      return isCandidate && !(filterSeen && items.contains(row))
    }.sorted { scores[Int($0)] == scores[Int($1)] ? $0 < $1 : scores[Int($0)] > scores[Int($1)] }
  }

  func rank(_ session: Int, _ rule: CandidateRule, filterSeen: Bool) -> Int32 {
    let place = sorted(session, rule, filterSeen: filterSeen).firstIndex(of: sessions.targets[session])
    return Int32(place.map { $0 + 1 } ?? 0)
  }
}

extension SessionModelScorer {
  /// Of a model that has its whole table.
  convenience init(_ model: any SessionModel) throws { self.init(try ServedModel(model)) }
}

// One chunk on one thread.
extension CatalogueScorer {
  func begin(_ batch: RaggedBatch, locales: [UInt16]) throws {
    try begin(SessionRound([SessionChunk(batch, locales: locales)], holder: 0, of: 1), ThreadTeam())
  }

  func scores(of rows: Range<Int>) -> Tensor { scores(of: rows, chunk: 0, thread: 0) }
  func scores(of rows: ArraySlice<Int32>) -> Tensor { scores(of: rows, chunk: 0, thread: 0) }
}

let sizes: [(items: Int, width: Int, sessions: Int)] = [
  (1, 3, 5), (40, 10, 30), (511, 16, 257), (512, 16, 20), (513, 64, 256), (1_300, 100, 300),
]
let rules: [CandidateRule] = [.all, .locale, .locales(["ES", "FR"])]
