import Evaluation
import Foundation
import MPI
import Models
import Sessions

/// A recommender that proposes candidates, and how many for a session.
package struct CandidateSource: Equatable, Sendable {
  /// A run folder, a checkpoint folder or a link.
  package let checkpoint: String
  package let top: Int

  /// As many as are proposed where nothing is said.
  package static let usualTop = 150

  /// Parses `RUN` or `RUN:k`.
  /// - Throws: `RunError.badCandidateSource` for an empty path or a number that is none from 1 to 10,000.
  package init(parsing text: String) throws(RunError) {
    let (path, number): (String, Int?) = pathAndNumber(in: text)
    top = number ?? Self.usualTop
    guard !path.isEmpty, (1...10_000).contains(top) else { throw .badCandidateSource(text) }
    checkpoint = path
  }
}

/// A source's model, loaded.
struct LoadedSource {
  /// What its columns' names begin with: the model's, and which of several it is.
  let name: String
  let top: Int
  let state: CheckpointState
  let model: RankingModel

  /// Loads and verifies all checkpoints on rank 0 and hands them to the others; collective.
  /// - Throws: `RunError.candidatesOfOtherItems`, `CheckpointError.otherVocabulary`, or what `Checkpoint` throws.
  static func load(
    _ sources: [CandidateSource], for dataset: PreparedDataset, group: any ProcessGroup
  ) throws -> [LoadedSource] {
    var loaded: [LoadedSource] = [], times: [String: Int] = [:]
    for source in sources {
      let opened = try OpenedCheckpoint(source.checkpoint, for: dataset, group: group)
      if let first = loaded.first, first.state.items != opened.state.items {
        throw RunError.candidatesOfOtherItems(
          path: source.checkpoint, items: opened.state.items, first: sources[0].checkpoint,
          firstItems: first.state.items)
      }
      let model = (opened.state.options["model"] ?? "model").lowercased()
      times[model, default: 0] += 1
      let number = times[model] ?? 1
      loaded.append(
        LoadedSource(
          name: number == 1 ? model : "\(model)\(number)", top: min(source.top, opened.state.items),
          state: opened.state, model: try RankingModel.load(opened, for: dataset, group: group)))
    }
    return loaded
  }
}
