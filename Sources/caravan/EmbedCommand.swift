import ArgumentParser
import Catalogue
import Evaluation
import MPI
import Runs
import Sessions
import Storage

struct EmbedCommand: GroupCommand {
  static let configuration = CommandConfiguration(
    commandName: "embed",
    abstract: "Writes the vectors of the sessions in a file, such as for a vector index.",
    discussion: """
      A row for every row of the sessions, in their order, read as caravan predict reads them: its product with an item's \
      vector, which caravan export writes, is predict's score. Items that training never saw are left out of the \
      sessions, and counted; a session of which nothing is left has zeros. The bytes are the same on any number of ranks.

      caravan embed --dataset data --checkpoint runs/narm --sessions sessions_test.csv --out sessions.npy
      """)

  @Option(help: ArgumentHelp("The prepared data set.", valueName: "folder"))
  var dataset: String

  @Option(
    help: ArgumentHelp(
      "A run (its best checkpoint, else its latest), a checkpoint, or a link to one.", valueName: "folder"))
  var checkpoint: String

  @Option(
    help: ArgumentHelp("The sessions: a session file, with or without answers, or a click log.", valueName: "file"))
  var sessions: String

  @OptionGroup var file: SessionFileOptions

  @Option(help: ArgumentHelp("Where to write: .npy or .safetensors.", valueName: "file"))
  var out: String

  @Option(help: ArgumentHelp("Threads of a rank; they change no bit.", valueName: "number"))
  var threadsPerRank = 1

  @Option(
    help: ArgumentHelp(
      "replicated: all of the item table on every rank; sharded: a part on each. That changes no bit.",
      valueName: "replicated|sharded"))
  var itemTable = TablePlacement.replicated

  @Flag(help: "List rows that cannot be read, and give them zeros.")
  var skipBadRows = false

  @Flag(help: "Replace the file that is at --out. What is read is never replaced.")
  var force = false

  @OptionGroup var machine: MachineOptions

  func validate() throws { try requireThreadCount(threadsPerRank) }

  func run(_ group: any ProcessGroup) throws {
    try warnOfShortCores(threads: threadsPerRank, group)
    let output = try VectorFile(path: out)
    try group.requirePlaces(for: [out], replaces: force, inputs: [dataset, checkpoint, sessions])
    let dataset = try PreparedDataset.open(dataset, group: group)
    let reading = try group.together { try file.reading(of: dataset, skipsBadRows: skipBadRows) }
    let recommender = try Recommender.load(
      [BlendMember(checkpoint)], for: dataset, placement: itemTable, group: group)
    let served = try recommender.requireVectors()
    let asked = try group.together {
      group.rank == 0 ? try reading.read(sessions, of: dataset, for: recommender) : nil
    }
    // Rank 0's sessions are everybody's: a pipe can be read once, and files of one name may be others elsewhere.
    let table = try SessionTable.broadcast(asked?.table, group: group)
    let line = ProgressLine()
    let vectors = try SessionEmbedder(served, threads: threadsPerRank, group: group).vectors(of: table) {
      line.show("\($0) of \($1) sessions")
    }
    try group.together {
      guard let vectors, let asked else { return }
      line.clear()
      try vectors.write(to: output)
      say(asked, vectors)
    }
  }

  /// What there is to say about the sessions, on rank 0.
  private func say(_ asked: TranslatedSessions, _ vectors: SessionEmbedder.Vectors) {
    listBadRows(asked.badRows, asked.sessionIDs == nil ? "given zeros" : "left out")
    if let zeros = asked.zeros { note(zeros) }
    print("\(vectors.rows) sessions, \(vectors.columns) numbers each: \(out)")
    asked.sayWhatIsUnknown(instead: "zeros")
  }
}
