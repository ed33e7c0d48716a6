import ArgumentParser

/// What a model is judged or asked by: shared by the commands that rank the catalogue.
struct RankingOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The prepared data set.", valueName: "folder"))
  var dataset: String

  @Option(help: ArgumentHelp("A run (its best checkpoint, else its latest), a checkpoint, or a link to one.",
    valueName: "folder"))
  var checkpoint: String

  @Flag(help: "Leave the session's own items out of the ranking.")
  var filterSeen = false
}
