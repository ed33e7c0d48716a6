import Evaluation
import MPI
import Runs
import Sessions

// The next ten products of one session in Spain, by a trained model: alone, or on the ranks of mpirun.
MPIRuntime.run { group in
  let dataset = try PreparedDataset.open("data", group: group)
  let model = try Recommender.load([BlendMember("runs/first")], for: dataset, group: group)
  let clicks = CommandLine.arguments.dropFirst().compactMap { dataset.itemIDs.row(of: $0) }
  let session = SessionTable(sessions: [clicks], targets: [0], locales: [try dataset.locales.code(matching: "ES")])
  var options = Predictor.Options()
  options.top = 10
  guard let found = try model.predict(session, of: dataset, options) else { return }  // rank 0 has them
  for item in found.items(of: 0) { print(dataset.itemIDs.id(of: item)) }
}
