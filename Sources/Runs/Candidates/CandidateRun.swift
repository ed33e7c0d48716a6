import Evaluation
import Foundation
import MPI
import Models
import Sessions
import Storage
import Tensors

/// The candidates of sessions and their features, for a re-ranker to learn from or to rank.
///
/// No feature knows a session's answer. Counts of training sessions, of which each has its answer in them, are therefore
/// made by folds: those that score a fold's sessions are counted without them.
package struct CandidateRun {
  /// How candidates are found.
  package struct Options: Sendable {
    package var sources: [CandidateSource] = []
    package var candidates = CandidateRule.all
    /// Whether a session's own items are no candidates.
    package var filterSeen = false
    /// Whether the clicks of the sessions that are ranked count, never their answers.
    package var isTransductive = false
    package var threads = 1

    package init() {}
  }

  private let options: Options
  private let dataset: PreparedDataset
  private let group: any ProcessGroup
  private let sources: [LoadedSource]

  /// Loads the recommenders; collective.
  /// - Parameter dataset: the same on all ranks: see `PreparedDataset.open`.
  /// - Throws: what `LoadedSource.load` throws; `RunError.nothingCountsTransitions`.
  package init(_ options: Options, dataset: PreparedDataset, group: any ProcessGroup) throws {
    self.options = options
    self.dataset = dataset
    self.group = group
    sources = try LoadedSource.load(options.sources, for: dataset, group: group)
    if options.isTransductive, !sources.contains(where: { $0.model.countsTransitions }) {
      throw RunError.nothingCountsTransitions
    }
  }

  /// How many items all recommenders know: the first ones of the data set.
  package var items: Int { sources.first?.state.items ?? dataset.itemCount }

  /// Which rows any recommender was trained on: see `Recommender`.
  package var trainedRows: [Bool]? { sources.map(\.state).trainedRows(of: dataset) }

  /// The recommenders that were trained on another data set: nobody knows whether that has the sessions that are asked
  /// for, and their answers.
  package var strangers: [String] {
    zip(options.sources, sources).filter { $1.state.dataset != dataset.fingerprint }.map(\.0.checkpoint)
  }

  /// Writes the candidates of sessions that no recommender was trained on; collective.
  /// - Parameters:
  ///   - sessions: the same on every rank, over the items that the recommenders know.
  ///   - numbers: which of them.
  ///   - split: what messages call them.
  ///   - path: of the file, which appears whole or not at all.
  ///   - progress: called on rank 0, with sessions done.
  /// - Returns: on every rank, what was found.
  /// - Throws: what `CandidateFinder` throws; `StorageError`.
  package func write(
    _ sessions: SessionTable, _ numbers: [Int32], split: String, _ text: CandidateText, to path: String,
    progress: (_ done: Int) -> Void
  ) throws -> CandidateTally {
    try write([Part(sessions: sessions, numbers: numbers, isTraining: false)], split, text, to: path, progress)
  }

  /// Writes the candidates of training sessions, fold by fold, each by what was counted without it; collective.
  /// - Parameters:
  ///   - numbers: of training sessions. Those that stand behind one another are in different folds.
  ///   - folds: at least two.
  /// - Throws: `RunError.trainedOnAsked` for a recommender that cannot count anew; otherwise as above.
  package func write(
    training numbers: [Int32], folds: Int, _ text: CandidateText, to path: String, progress: (_ done: Int) -> Void
  ) throws -> CandidateTally {
    for (source, given) in zip(sources, options.sources) where source.state.countingModel == nil {
      throw RunError.trainedOnAsked(path: given.checkpoint, model: source.name)
    }
    let table = try dataset.trainingSessions(in: []).table
    let parts = (0..<folds).map { fold in
      Part(
        sessions: table, numbers: stride(from: fold, to: numbers.count, by: folds).map { numbers[$0] },
        isTraining: true)
    }
    return try write(parts, DatasetSplit.train.rawValue, text, to: path, progress)
  }
}

/// Sessions that are ranked together, by the same counts.
private struct Part {
  let sessions: SessionTable
  let numbers: [Int32]
  /// Whether they are training sessions, which are left out of all counts.
  let isTraining: Bool
}

extension CandidateRun {
  private func write(
    _ parts: [Part], _ split: String, _ text: CandidateText, to path: String, _ progress: (_ done: Int) -> Void
  ) throws -> CandidateTally {
    let file = try group.together { group.rank == 0 ? try AtomicFile(path: path) : nil }
    var tally = CandidateTally(), text = text
    for (number, part) in parts.enumerated() where !part.numbers.isEmpty {
      let finder = try finder(for: part)
      if number == 0 {
        text.features = finder.featureNames
        try group.together { try text.header.withUnsafeBytes { try file?.write($0) } }
      }
      let before = tally.sessions
      let found = try finder.find(for: part.sessions, part.numbers, split: split, text) {
        try file?.write($0)
      } progress: {
        progress(before + $0)
      }
      tally.add(found)
    }
    try group.together { try file?.commit() }
    return tally
  }

  /// What finds the candidates of a part's sessions; collective.
  private func finder(for part: Part) throws -> CandidateFinder {
    let items = part.isTraining ? dataset.itemCount : items
    let ranked = options.isTransductive ? (part.sessions, part.numbers) : nil
    let members = try sources.map { try member($0, part, ranked) }
    let training = training(items: items, locales: nil, without: part)
    let popularity = try PopularityFeatures(
      training: training, ranked: ranked, rows: items + 1, localeCount: dataset.locales.count, group: group)
    let neighbours = NeighbourFeatures(training: training, ranked: ranked, rows: items + 1)
    try StopSignal.check(group)
    return try CandidateFinder(
      members, [popularity, neighbours], options.candidates, dataset.candidates.limited(toItems: items),
      dataset.locales, filterSeen: options.filterSeen, team: ThreadTeam(count: options.threads),
      itemID: dataset.itemIDs.id(of:), group: group)
  }

  /// A source as it is, or counted anew without the sessions that it is asked about; collective.
  private func member(
    _ source: LoadedSource, _ part: Part, _ ranked: (table: SessionTable, selection: [Int32])?
  ) throws -> CandidateMember {
    var counts: ItemCounts
    switch source.model {
    case .session(let served): return CandidateMember(name: source.name, top: source.top, served)
    case .counting(let counted): counts = counted
    }
    if part.isTraining, let model = source.state.countingModel {
      let locales = source.state.localeCodes(of: dataset)
      let (table, numbers) = training(items: dataset.itemCount, locales: locales, without: part)
      counts = try ItemCounts.count(
        model, in: table, selection: numbers, rows: dataset.itemCount + 1, localeCount: dataset.locales.count,
        options: CountingOptions(options: source.state.options), group: group)
    }
    if let ranked {
      counts = try counts.adding(transitionsWithin: ranked.table, selection: ranked.selection, group: group)
    }
    return counts.candidateMember(name: source.name, top: source.top)
  }

  /// The training sessions of some locales, less those that are asked about.
  /// - Parameter items: that are known, the first ones.
  private func training(items: Int, locales: Set<UInt16>?, without part: Part) -> (
    table: SessionTable, selection: [Int32]
  ) {
    guard let whole = dataset.split(.train) else {
      return (SessionTable(sessions: [[Int32]](), targets: [], locales: [UInt16]()), [])
    }
    let table = KnownSessions(whole, items: items).table, chosen = table.sessions(in: locales)
    if !part.isTraining { return (table, chosen) }
    let asked = Set(part.numbers)
    return (table, chosen.filter { !asked.contains($0) })
  }
}
