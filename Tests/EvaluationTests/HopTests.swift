import Evaluation
import MPI
import Models
import Sessions
import Tensors
import Testing

/// COUNTS against numbers that a few lines of Python computed in double precision, from dictionaries.
@Suite struct HopTests {
  private let train = SessionTable(
    sessions: [
      [1, 5, 5], [1], [10], [10, 10, 10, 12, 10], [5, 9], [8, 6, 6], [7, 5, 8, 7], [12], [12, 9, 8], [12, 12, 6],
      [
        9,
        11,
      ], [8, 7, 7, 5], [2, 2, 5, 3], [10, 12, 11], [8, 8, 5, 8, 7], [3, 1, 10, 3, 10], [7, 5, 7, 6], [1, 3, 2],
      [
        2,
        5, 2,
      ], [4, 11, 9, 12], [6, 9, 10, 12], [9, 2, 12, 12], [12, 4, 1], [4], [7, 9, 5, 5, 6], [9], [10, 11, 11],
      [
        5,
        4, 5, 2, 4,
      ], [9], [1], [1, 5, 10, 3, 5], [4, 3, 8, 5, 8], [11, 10], [3], [12, 11, 11, 12], [12, 2, 4],
      [
        6, 6,
        11,
      ], [10, 11], [5, 11], [1, 3, 7, 5, 1],
    ],
    targets: [
      5, 5, 12, 12, 9, 7, 8, 11, 9, 12, 10, 7, 4, 9, 5, 1, 6, 3, 2, 12, 12, 7, 2, 3, 6, 9, 12, 1, 5, 5, 9, 7, 4, 4, 9,
      2, 5, 9, 7, 2,
    ],
    locales: [
      0, 1, 0, .max, 1, 2, 1, 1, 0, 1, 1, .max, 2, 1, 0, 0, 2, 2, 0, 1, 0, .max, 0, 2, 0, 1, 1, 2, 2, 1, 0, 0, .max,
      0, 1, 0, 1, .max, 0, 0,
    ])
  /// What is ranked, answers and all: those must not count.
  private let ranked = SessionTable(
    sessions: [[3, 5, 3, 1], [9, 10], [2], [7, 1, 12], [12, 11, 4]], targets: [9, 1, 12, 12, 2],
    locales: [0, 1, 2, .max, 0])

  /// The scores of items 1 to 12 for each session of `ranked`.
  private enum Expected {
    static let plain: [[Float]] = [
      [
        0.148895, 0.295482, 0.274102, 0.167075, 0.440846, 0.031646, 0.13358, 0.086903, 0.074005, 0.258443, 0.027944,
        0.078144,
      ],
      [
        0.091815, 0.002577, 0.009374, 0.071085, 0.127997, 0.048434, 0.030527, 0.025262, 0.181104, 0.083143, 0.491025,
        0.479848,
      ],
      [
        0.158555, 0.063268, 0.325911, 0.260113, 0.333268, 0.012161, 0.034019, 0.013172, 0.034441, 0.001829, 0.001093,
        0.006239,
      ],
      [
        0.067305, 0.180733, 0.101581, 0.125153, 0.235828, 0.128307, 0.152525, 0.08268, 0.263262, 0.291637, 0.293891,
        0.107515,
      ],
      [
        0.212447, 0.379699, 0.284566, 0.087855, 0.230126, 0.03544, 0.104703, 0.088491, 0.126647, 0.139051, 0.070281,
        0.221117,
      ],
    ]
    static let transductive: [[Float]] = [
      [
        0.161027, 0.268744, 0.320064, 0.15237, 0.453627, 0.030074, 0.134471, 0.080602, 0.069686, 0.234704, 0.031725,
        0.087494,
      ],
      [
        0.088243, 0.002354, 0.008906, 0.068297, 0.122035, 0.044734, 0.029271, 0.02362, 0.247723, 0.104679, 0.462766,
        0.452775,
      ],
      [
        0.160467, 0.060292, 0.327292, 0.257614, 0.33474, 0.011811, 0.034425, 0.012724, 0.034053, 0.001765, 0.00123,
        0.006411,
      ],
      [
        0.099038, 0.166222, 0.108385, 0.131837, 0.226656, 0.119285, 0.160016, 0.077622, 0.246706, 0.272869, 0.308593,
        0.118131,
      ],
      [
        0.200577, 0.347847, 0.266853, 0.117172, 0.212936, 0.031349, 0.093472, 0.078276, 0.114268, 0.12484, 0.151814,
        0.252693,
      ],
    ]
    static let fewHopItems: [[Float]] = [
      [
        0.141222, 0.28835, 0.265784, 0.160747, 0.41996, 0.028379, 0.126424, 0.081063, 0.064305, 0.252047, 0.022918,
        0.067092,
      ],
      [
        0.086567, 0.002269, 0.008914, 0.067917, 0.11773, 0.046786, 0.025012, 0.020214, 0.175946, 0.081786, 0.481366,
        0.469349,
      ],
      [
        0.156095, 0.058432, 0.322248, 0.254838, 0.323549, 0.00873, 0.030864, 0.011096, 0.032472, 0.00156, 0.000899,
        0.005866,
      ],
      [
        0.060571, 0.173167, 0.092545, 0.117553, 0.215491, 0.126068, 0.144273, 0.079722, 0.256408, 0.283329, 0.287394,
        0.092551,
      ],
      [
        0.203649, 0.376537, 0.278803, 0.079762, 0.210074, 0.032144, 0.097073, 0.082568, 0.116626, 0.130157, 0.065406,
        0.210151,
      ],
    ]
  }

  private func count(_ options: CountingOptions = .init(), isTransductive: Bool = false) throws -> ItemCounts {
    let counts = try ItemCounts.count(
      .counts, in: train, selection: Array(0..<40), rows: 13, localeCount: 3, options: options, group: SoloGroup())
    return isTransductive ? try counts.adding(transitionsWithin: ranked, group: SoloGroup()) : counts
  }

  private func scores(_ scorer: CountScorer, of sessions: SessionTable) throws -> [[Float]] {
    let chunk = SessionChunk(Array(0..<Int32(sessions.count))[...], of: sessions)
    scorer.begin(SessionRound([chunk], holder: 0, of: 1), ThreadTeam())
    let tile = scorer.scores(of: 1..<13, chunk: 0, thread: 0)
    return (0..<sessions.count).map { session in (0..<12).map { tile.elements[$0 * tile.columns + session] } }
  }

  private func largestDifference(_ one: [[Float]], _ other: [[Float]]) -> Float {
    zip(one.joined(), other.joined()).map { abs($0 - $1) }.max() ?? .infinity
  }

  /// Fixed-point counts are right to 2^-21 each; the numbers have six digits.
  @Test func scoresAreThoseOfTheFormula() throws {
    var few = CountingOptions()
    few.hopItems = 3
    let cases = [
      (try count(), Expected.plain), (try count(isTransductive: true), Expected.transductive),
      (try count(few), Expected.fewHopItems),
    ]
    for (counts, expected) in cases {
      let found = try scores(counts.rankingScorer(), of: ranked)
      #expect(largestDifference(found, expected) < 5e-6)
    }
  }

  @Test func pairsAreCountedByDistanceDirectionAndLocale() throws {
    let table = SessionTable(sessions: [[1, 2, 1], [3, 1]], targets: [3, 0], locales: [1, .max])
    var options = CountingOptions()
    options.window = 2
    func counted(_ options: CountingOptions, targets: Bool) throws -> LocaleTransitions {
      try LocaleTransitions.count(
        options, in: table, selection: [0, 1], includesTargets: targets, rows: 4, localeCount: 2, group: SoloGroup())
    }
    let found = try counted(options, targets: true)
    let unit = 1_048_576.0, next = 0.36787944117144233
    func whole(_ values: [Double]) -> [Int64] {
      values.map { Int64(($0 * unit).rounded()) }
    }
    #expect(found.offsets == [0, 0, 6, 8])
    #expect(found.items == [1, 1, 2, 2, 3, 3, 1, 3] && found.next == [2, 3, 1, 3, 1, 2, 3, 1])
    #expect(
      found.counts
        == whole([1, 1.5, 1, 1.5 * next, 0.75, 0.75 * next, 0.75, 1]).enumerated().map { place, count in
          // 1→2 and 2→1 were each seen forwards and backwards.
          place == 0 || place == 2 ? count + Int64(0.75 * unit) : count
        })
    #expect(try counted(options, targets: false).counts == whole([1.75, 1.75, 0.75, 1]))
    options.backwardWeight = 0
    #expect(try counted(options, targets: false).next == [2, 1, 1])
    #expect(found.adding(found).counts == found.counts.map { 2 * $0 })
  }

  /// Without locales the counts of all are all there is.
  @Test func withoutLocalesAllCountsCountWhole() throws {
    let none = SessionTable(
      sessions: (0..<40).map { Array(train.items(of: $0)) }, targets: Array(train.targets),
      locales: .init(repeating: .max, count: 40))
    let counts = try ItemCounts.count(
      .counts, in: none, selection: Array(0..<40), rows: 13, localeCount: 0, group: SoloGroup())
    #expect(try abs(scores(counts.rankingScorer(), of: ranked)[3][0] - Expected.plain[3][0]) < 5e-6)
    #expect(try scores(counts.rankingScorer(), of: ranked)[3] == scores(count().rankingScorer(), of: ranked)[3])
  }

  @Test func optionsDoWhatTheySay() throws {
    var options = CountingOptions()
    (options.hops, options.sessionItems) = (1, 1)
    // What has no pair with the last item stands in the order of popularity, below all that has.
    let alone = try scores(count(options).rankingScorer(), of: ranked)[2]
    #expect(alone.contains { $0 > 0 } && alone.contains { $0 < 0 } && !alone.contains(0))
    let popularity = try ItemCounts.count(
      .pop, in: train, selection: Array(0..<40), rows: 13, localeCount: 3, group: SoloGroup())
    let popular = try scores(popularity.rankingScorer(), of: ranked)[2]
    let rest = (0..<12).filter { alone[$0] < 0 }
    #expect(Set(rest.map { alone[$0] - popular[$0] }).count == 1)
    // Weights of 0 are as good as fewer hops.
    (options.hops, options.secondHopWeight, options.thirdHopWeight) = (3, 0, 0)
    #expect(try scores(count(options).rankingScorer(), of: ranked)[2] == alone)
    // An item without pairs leads nowhere, without a division by 0 either.
    options.damping = 0
    let lone = SessionTable(sessions: [[1], [2, 3]], targets: [0, 0], locales: [0, 0])
    let counts = try ItemCounts.count(
      .counts, in: lone, selection: [0, 1], rows: 13, localeCount: 1, options: options, group: SoloGroup())
    let found = try scores(counts.rankingScorer(), of: lone)
    #expect(found[0].allSatisfy { $0 < 0 && $0.isFinite } && abs(found[1][1] - 1) < 1e-6)
  }

  /// Shares for blends: in the order of the scores, 0 for all else, below 1 together.
  @Test func sharesAreScoresByTheirSum() throws {
    let counts = try count(), sessions = ranked
    let found = try scores(counts.rankingScorer(), of: sessions),
      shares = try scores(counts.shareScorer(), of: sessions)
    for (scores, shares) in zip(found, shares) {
      let sum = scores.reduce(1) { $0 + max($1, 0) }
      #expect(zip(scores, shares).allSatisfy { abs(max($0, 0) / sum - $1) < 1e-6 })
      #expect(shares.reduce(0, +) < 1)
    }
  }

  @Test func pairsAreRenumberedByName() throws {
    let counted = try #require(try count().byLocale)
    let old = LocaleNames(["a", "b", "c"]), new = LocaleNames(["c", "x", "a"])
    let again = counted.renumbered(from: old, to: new)
    func pairs(_ transitions: LocaleTransitions, _ row: Int) -> [[Int32]: Int64] {
      let range = Int(transitions.offsets[row])..<Int(transitions.offsets[row + 1])
      return Dictionary(
        uniqueKeysWithValues: range.map { ([transitions.items[$0], transitions.next[$0]], transitions.counts[$0]) })
    }
    #expect(pairs(again, 0) == pairs(counted, 2) && pairs(again, 1).isEmpty && pairs(again, 2) == pairs(counted, 0))
    #expect(pairs(again, 3) == pairs(counted, 1).merging(pairs(counted, 3), uniquingKeysWith: +))
    #expect(counted.renumbered(from: old, to: old) == counted)
    let copy = LocaleTransitions(
      counted.options, rows: 13, offsets: counted.offsets, items: counted.items, next: counted.next,
      counts: counted.counts)
    #expect(copy == counted)
  }

  @Test func optionsAreReadFromTheTextOfCheckpoints() throws {
    #expect(try CountingOptions(options: ["model": "COUNTS"]) == CountingOptions())
    let texts = CountingOptions.table.decidingTexts(of: CountingOptions())
    #expect(try CountingOptions(options: texts) == CountingOptions() && texts.count == 12)
    #expect(try CountingOptions(options: ["window": "6", "damping": "0"]).window == 6)
    #expect(throws: (any Error).self) { try CountingOptions(options: ["hops": "4"]) }
  }
}
