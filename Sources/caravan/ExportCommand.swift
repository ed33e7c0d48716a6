import ArgumentParser
import Runs
import Storage

struct ExportCommand: LeaderCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Writes a model's item vectors for NumPy or a vector index, and its encoder as ONNX.",
    discussion: """
      Item vectors are written as they are scored, a row an item in the order of items.txt: the product of one with a \
      session's vector, which the encoder and caravan embed make, is predict's score. Of CORE they have the length \
      1 / temperature. The encoder takes items, int64 [sessions, clicks], rows of the item table from 1 with 0 behind a \
      session's last click, and lengths, int64 [sessions]; it gives session, float32 [sessions, D]. docs/python.md shows \
      both at work.

      caravan export --checkpoint runs/narm --embeddings items.npy --onnx encoder.onnx
      """)

  @Option(
    help: ArgumentHelp(
      "A run (its best checkpoint, else its latest), a checkpoint, or a link to one.", valueName: "folder"))
  var checkpoint: String

  @Option(help: ArgumentHelp("Where to write the items' vectors: .npy or .safetensors.", valueName: "file"))
  var embeddings: String?

  @Option(help: ArgumentHelp("Where to write the encoder: .onnx.", valueName: "file"))
  var onnx: String?

  @Flag(help: "Replace files that are there. What is read is never replaced.")
  var force = false

  func validate() throws {
    if embeddings == nil, onnx == nil { throw ValidationError("say what to write: --embeddings, --onnx, or both") }
    if let onnx, !onnx.hasSuffix(".onnx") { throw ValidationError("--onnx ends in .onnx, it is '\(onnx)'") }
    if let embeddings, embeddings == onnx { throw ValidationError("--embeddings and --onnx are one file: name two") }
  }

  func run() throws {
    let vectors = try embeddings.map { try VectorFile(path: $0) }
    for output in [embeddings, onnx].compactMap({ $0 }) {
      try OutputPlace.check(output, replaces: force, inputs: [checkpoint])
    }
    let model = try ModelExport(checkpoint)
    if let onnx {
      try model.writeEncoder(to: onnx)
      print("the encoder of \(model.name), \(model.width) numbers a session: \(onnx)")
    }
    if let vectors {
      try model.writeItems(to: vectors)
      print("\(model.items) items, \(model.width) numbers each: \(vectors.path)")
    }
  }
}
