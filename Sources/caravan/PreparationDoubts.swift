import Foundation
import Sessions

/// What of a new data set may not be as it was meant, or makes figures flatter.
struct PreparationDoubts {
  private let summary: PreparationSummary
  private let trained: [String]
  private let ranked: [String]

  /// - Parameters:
  ///   - trained: the files of training sessions.
  ///   - ranked: those of valid and test sessions.
  init(_ summary: PreparationSummary, trained: [String], ranked: [String]) {
    self.summary = summary
    self.trained = trained
    self.ranked = ranked
  }

  var lines: [String] { sharedFiles + repeatedSessions + likeLocales + missingAnswers }

  private var sharedFiles: [String] {
    func resolved(_ path: String) -> String { URL(fileURLWithPath: path).resolvingSymlinksInPath().path }
    let trained = Set(trained.map(resolved))
    return ranked.filter { trained.contains(resolved($0)) }.map {
      "warning: \($0) is trained on and ranked: figures on its sessions say nothing"
    }
  }

  /// A few are so by chance: many a short session is like another.
  private var repeatedSessions: [String] {
    summary.manifest.splits.sorted { $0.key < $1.key }.compactMap { split, counts in
      let repeated = summary.notes.repeated[split] ?? 0
      guard repeated >= 10, repeated * 4 > counts.sessions else { return nil }
      return
        "warning: \(repeated) of \(counts.sessions) \(split) sessions stand in training, too, click for click: was "
        + "something written twice?"
    }
  }

  private var likeLocales: [String] {
    let alike = Dictionary(grouping: summary.manifest.localeNames.names) { $0.lowercased() }.values
    return alike.filter { $0.count > 1 }.map { $0.sorted().joined(separator: ", ") }.sorted().map {
      "the locales \($0) differ in capitals alone, and are taken for several"
    }
  }

  private var missingAnswers: [String] {
    summary.manifest.splits[DatasetSplit.test.rawValue]?.hasAnswers == false
      ? ["the test sessions have no answers, so predict can take them and evaluate cannot: --truth gives them"] : []
  }
}
