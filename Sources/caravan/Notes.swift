import Foundation
import MPI
import Sessions
import Text

/// Says something beside the results, on standard error.
func note(_ message: some CustomStringConvertible) {
  StandardError.print("caravan: \(errorLine(message.description))\n")
}

/// Says some things beside the results once, on rank 0.
func note(_ messages: [String], _ group: any ProcessGroup) {
  if group.rank == 0 { messages.forEach { note($0) } }
}

/// Says of checkpoints that were trained on another preparation of the data that figures may flatter them.
func noteTrainedElsewhere(_ checkpoints: [String], than dataset: String) {
  for checkpoint in checkpoints {
    note(
      "warning: \(checkpoint) was trained on another preparation than \(dataset): sessions that are ranked here may be among "
        + "those that it learned")
  }
}

/// Lists rows of a session file that cannot be used.
/// - Parameter deed: what was done about them, such as "left out".
func listBadRows(_ rows: [BadRow], _ deed: String) {
  if rows.isEmpty { return }
  let limit = 100
  var text = "caravan: \(deed) \(counted(rows.count, "row")) that cannot be used\n"
  for row in rows.prefix(limit) { text += "  \(errorLine(row.description))\n" }
  if rows.count > limit { text += "  … and \(rows.count - limit) more\n" }
  StandardError.print(text)
}
