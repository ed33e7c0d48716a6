import Foundation
import TestSupport
import Testing

/// What docs/python.md promises: runs in NumPy, vectors, ONNX, and RecBole both ways. Python's packages are installed at
/// first use: where that cannot be done, such as without a network, there is nothing to test.
@Suite(.serialized) final class PythonTests {
  private let folder: String

  init() throws { folder = try CaravanCommand.temporaryFolder() }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private static let repository = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private static func python(_ arguments: [String], in folder: String? = nil) throws -> MPIRun.Outcome {
    try MPIRun.run(
      ranks: nil, executable: URL(fileURLWithPath: "/usr/bin/env"), arguments: ["python3"] + arguments,
      directory: folder.map { URL(fileURLWithPath: $0) }, timeout: 300)
  }

  /// Whether an environment is there, or could be made now.
  private static func has(_ environment: String) -> Bool {
    (try? python([script("environment.py"), environment]))?.status == 0
  }

  private static func script(_ name: String) -> String { repository.appending(path: "scripts/\(name)").path }

  /// Runs a program in an environment of the scripts.
  private func run(_ program: String, in environment: String) throws -> MPIRun.Outcome {
    let scripts = Self.repository.appending(path: "scripts").path
    let start = """
      import sys
      sys.path[:0] = ["\(scripts)", "\(scripts)/python"]
      from environment import enter
      enter("\(environment)")

      """
    try (start + program).write(toFile: folder + "/program.py", atomically: true, encoding: .utf8)
    return try Self.python([folder + "/program.py"], in: folder)
  }

  @discardableResult
  private func caravan(_ arguments: [String], ranks: Int? = nil) throws -> MPIRun.Outcome {
    let outcome = try CaravanCommand.run(arguments, ranks: ranks)
    #expect(outcome.status == 0, "caravan \(arguments): \(outcome.stderr)")
    return outcome
  }

  private func train(_ options: [String], on dataset: String, to run: String) throws {
    try caravan(
      ["train", "--dataset", dataset, "--out", run, "--batch-size", "128", "--embedding-size", "16"]
        + (options.contains("--epochs") ? [] : ["--epochs", "1"]) + ["--model"] + options)
  }

  private func data(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name)) }

  /// Prepares made-up sessions of six locales, or of locales of other names.
  private func prepare(renaming: Bool) throws -> (dataset: String, sessions: String) {
    let dataset = try CaravanCommand.prepareDataset(in: folder, sessions: 3000, items: 300)
    let test = folder + "/sessions/sessions_test.csv"
    if !renaming { return (dataset, test) }
    let names = ["sessions_train.csv", "sessions_test.csv"].map { "\(folder)/sessions/\($0)" }
    for name in names {
      let text = try String(contentsOfFile: name, encoding: .utf8).replacing(",UK\n", with: ",AT\n")
      try text.write(toFile: name, atomically: true, encoding: .utf8)
    }
    try caravan(["prepare", "--sessions", names[0], "--test", names[1], "--out", folder + "/other"])
    return (folder + "/other", test)
  }

  /// TensorBoard's own package finds in the events what `metrics.jsonl` has, and nothing else.
  @Test(.enabled("tensorboard cannot be installed here") { has("tensorboard") })
  func tensorBoardReadsTheEvents() throws {
    let (dataset, _) = try prepare(renaming: false)
    try train(["GRU4Rec", "--epochs", "2", "--log-every", "4"], on: dataset, to: folder + "/run")
    let outcome = try run(
      """
      import json
      from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

      events = EventAccumulator("run", size_guidance={"scalars": 0})
      events.Reload()
      found = {(tag, e.step): e.value for tag in events.Tags()["scalars"] for e in events.Scalars(tag)}
      wanted = {}
      for record in map(json.loads, open("run/metrics.jsonl")):
          step = record["step"]
          if "epoch" not in record:
              wanted |= {(f"train/{key}", step): record[key] for key in record if key != "step"}
              continue
          wanted["train/epoch_loss", step] = record["loss"]
          valid = record["valid"]
          places = {"valid": valid["all"]} | {f"valid_{name}": it for name, it in valid["locales"].items()}
          wanted |= {(f"{place}/{key}", step): it[key] for place, it in places.items() for key in it}
      assert found.keys() == wanted.keys(), found.keys() ^ wanted.keys()
      assert all(abs(found[key] - wanted[key]) <= 1e-6 * max(1, abs(wanted[key])) for key in wanted)
      print(len(wanted))
      """, in: "tensorboard")
    #expect(outcome.status == 0, "\(outcome.stderr)")
    #expect(Int(outcome.stdout.split(separator: "\n").last ?? "") ?? 0 > 100, "\(outcome.stdout)")
  }

  /// The page's code on a run and all sessions of a file. Its scores are sums in another order than predict's: two items
  /// may change places where their scores differ by a hundred-thousandth, and nowhere else.
  @Test(
    .enabled("safetensors cannot be installed here") { has("safetensors") },
    arguments: [("GRU4Rec", false), ("CORE", false), ("GRU4Rec", true)])
  func thePageFindsWhatPredictFinds(model: String, renamesLocales: Bool) throws {
    let (dataset, sessions) = try prepare(renaming: renamesLocales)
    let run = folder + "/runs/first"
    try train([model], on: dataset, to: run)
    try FileManager.default.createSymbolicLink(atPath: folder + "/data", withDestinationPath: dataset)
    try FileManager.default.copyItem(atPath: sessions, toPath: folder + "/sessions_test_task2.csv")
    try caravan([
      "predict", "--dataset", dataset, "--checkpoint", run, "--sessions", sessions, "--candidates", "locale", "--top",
      "20", "--out",
      folder + "/top.csv",
    ])
    try caravan(["export", "--checkpoint", run, "--embeddings", folder + "/items.npy"])
    try caravan([
      "embed", "--dataset", dataset, "--checkpoint", run, "--sessions", sessions, "--out", folder + "/sessions.npy",
    ])
    let page = try String(contentsOf: Self.repository.appending(path: "docs/python.md"), encoding: .utf8)
    let blocks = page.components(separatedBy: "```python\n").dropFirst().map { $0.components(separatedBy: "\n```")[0] }
    let code = blocks.filter { !$0.hasPrefix("# onnx") }.joined(separator: "\n\n")
    let outcome = try self.run(code + "\n" + Self.comparison, in: "safetensors")
    #expect(outcome.status == 0, "\(outcome.stderr)")
    let compared = try #require(Int(outcome.stdout.split(separator: "\n").last ?? ""), "\(outcome.stdout)")
    #expect(compared > 100)
  }

  private static let comparison = """
    def read(name):
        return csv.DictReader(open(name, newline="", encoding="utf-8"))

    def close(one, other, tolerance):
        return np.all(np.abs(one - other) <= tolerance * np.maximum(1, np.abs(one)))

    compared = 0
    for number, (session, ours, line) in enumerate(zip(read("sessions_test_task2.csv"), top, read("top.csv"), strict=True)):
        theirs = re.findall(r"'([^']*)'", line["next_item_prediction"])
        if ours is None:
            assert not session_vectors[number].any(), number
            continue
        rows = rows_of(re.findall(r"'([^']*)'", session["prev_items"]))
        scores = scores_of(rows, session.get("locale"))
        place = lambda names: np.array([row[name] - 1 for name in names])
        assert len(set(theirs)) == len(ours) == 20, number
        assert close(scores[place(ours)], scores[place(theirs)], 1e-5), (number, ours, theirs)
        assert close(scores_of(rows, None), item_vectors @ session_vectors[number], 1e-4), number
        compared += 1
    print(compared)
    """

  /// NumPy's examples, onnxruntime and `embed` give one session one vector, with all models.
  @Test(
    .enabled("onnxruntime cannot be installed here") { has("onnx") },
    arguments: [
      "GRU4Rec --num-layers 2", "NARM", "STAMP", "SRGNN --step 2", "CORE", "CORE --hidden-act swish",
      "CORE --dnn-type ave",
      "SASRec", "SASRec --layer-type ligr --positions forward",
    ])
  func encodersAgreeEverywhere(options: String) throws {
    let dataset = try CaravanCommand.prepareDataset(in: folder, sessions: 3000, items: 300)
    let sessions = folder + "/sessions/sessions_test.csv"
    try train(options.split(separator: " ").map(String.init), on: dataset, to: folder + "/run")
    try caravan([
      "export", "--checkpoint", folder + "/run", "--onnx", folder + "/encoder.onnx", "--embeddings",
      folder + "/items.safetensors",
    ])
    try caravan([
      "embed", "--dataset", dataset, "--checkpoint", folder + "/run", "--sessions", sessions, "--out",
      folder + "/sessions.safetensors",
    ])
    let outcome = try run(
      """
      import csv, re
      import numpy as np, onnxruntime
      from safetensors.numpy import load_file
      from caravan_models import Run
      run = Run("run")
      counts = load_file("dataset/products.safetensors")["train_count"].sum(axis=0)
      known = set(np.flatnonzero(counts))
      lists = [run.rows(re.findall(r"'([^']*)'", line["prev_items"]), known)[-50:]
               for line in csv.DictReader(open("\(sessions)", newline="", encoding="utf-8"))]
      vectors, items = load_file("sessions.safetensors")["sessions"], load_file("items.safetensors")["items"]
      asked = [number for number, rows in enumerate(lists) if len(rows)]
      lengths = np.array([len(lists[number]) for number in asked])
      padded = np.zeros((len(asked), lengths.max()), np.int64)
      for place, number in enumerate(asked):
          padded[place, :lengths[place]] = lists[number]
      found, = onnxruntime.InferenceSession("encoder.onnx").run(None, {"items": padded, "lengths": lengths})
      scores = vectors[asked] @ items.T
      close = lambda other: np.max(np.abs(scores - other) / np.maximum(1, np.abs(scores)))
      onnx, numpy = close(found @ items.T), close(np.array([run.scores(lists[number]) for number in asked]))
      assert onnx < 1e-4 and numpy < 1e-4, (onnx, numpy)
      print(len(asked))
      """, in: "onnx")
    #expect(outcome.status == 0 && (Int(outcome.stdout.dropLast()) ?? 0) > 100, "\(outcome.stderr)")
  }

  /// Models that RecBole itself computed with, there and back.
  @Test(.enabled("PyTorch cannot be installed here") { has("torch") })
  func modelsOfRecBoleComeAndGo() throws {
    let fixtures = try Fixture.all(trajectories: false).filter {
      ["gru4rec_2layers", "narm", "stamp", "srgnn_2steps", "core_trm", "core_ave"].contains($0.name)
    }
    let paths = fixtures.map(\.path)
    let written = try run(
      """
      import json, os, sys, torch
      from pathlib import Path
      from safetensors import safe_open
      from types import ModuleType

      def plain(text):
          try:
              return json.loads(text)
          except ValueError:
              return text

      # RecBole's trainer saves its own objects beside the weights, in pickle's fourth protocol.
      for name in ["recbole", "recbole.config", "recbole.config.configurator"]:
          sys.modules[name] = ModuleType(name)
      class Config:
          __module__ = "recbole.config.configurator"
          def __init__(self, values):
              self.final_config_dict = values
      sys.modules[Config.__module__].Config = Config
      class Command:
          def __reduce__(self):
              return os.system, ("touch ran",)

      for number, path in enumerate(\(paths)):
          with safe_open(path, "pt") as file:
              state = {name[7:]: file.get_tensor(name) for name in file.keys() if name.startswith("weight.")}
              config = {name: plain(value) for name, value in file.metadata().items()}
              sessions, lengths = file.get_tensor("input.item_seq"), file.get_tensor("input.item_seq_len")
          content, protocol = ({"state_dict": state, "config": config}, 2) if number % 2 else (
              {"state_dict": state, "config": Config(config), "other_parameter": None}, 4)
          torch.save(content, Path(path).stem + ".pth", pickle_protocol=protocol)
          with open(Path(path).stem + ".csv", "w") as out:
              print("prev_items,next_item", file=out)
              for clicks, length in zip(sessions.tolist(), lengths.tolist()):
                  print("[" + " ".join(f"'i{item}'" for item in clicks[:length]) + "],i1", file=out)
      torch.save({**state, "more.weight": torch.ones(2)}, "more.pth")
      torch.save({"state_dict": state, "config": Path("x")}, "object.pth")
      torch.save({"state_dict": state, "config": Command()}, "command.pth", pickle_protocol=4)
      """, in: "torch")
    #expect(written.status == 0, "\(written.stderr)")
    let tokens = folder + "/tokens.txt"
    try (["[PAD]"] + (1...40).map { "i\($0)" }).map { $0 + "\n" }.joined()
      .write(toFile: tokens, atomically: true, encoding: .utf8)
    for fixture in fixtures {
      let place = "\(folder)/\(fixture.name)", model = place + ".model", dataset = place + ".data"
      let taken = try Self.python([Self.script("recbole_import.py"), place + ".pth", model, "--items", tokens])
      try #require(taken.status == 0, "\(taken.stderr)")
      try caravan([
        "prepare", "--sessions", place + ".csv", "--vocabulary", model + "/items.txt", "--valid-fraction", "0",
        "--max-length", "7", "--out", dataset,
      ])
      try caravan(["evaluate", "--dataset", dataset, "--checkpoint", model, "--split", "train", "--top", "5"])
      try caravan(["export", "--checkpoint", model, "--embeddings", place + ".items.safetensors"])
      try caravan([
        "embed", "--dataset", dataset, "--checkpoint", model, "--sessions", place + ".csv", "--out",
        place + ".sessions.safetensors",
      ])
      let items = try Fixture(path: place + ".items.safetensors").floats("items")
      let vectors = try Fixture(path: place + ".sessions.safetensors").floats("sessions")
      let width = items.count / 40
      let scores = (0..<vectors.count / width).flatMap { session in
        (0..<40).map { item in
          (0..<width).reduce(Float(0)) { $0 + vectors[session * width + $1] * items[item * width + $1] }
        }
      }
      let difference = largestDifference(scores, try fixture.floats("output.logits"))
      #expect(difference < 1e-4, "\(fixture.name): \(difference)")
    }
    let there = folder + "/narm.model", back = folder + "/back.pth", again = folder + "/again"
    let exported = try Self.python([Self.script("recbole_import.py"), "--export", there, back])
    let returned = try Self.python([Self.script("recbole_import.py"), back, again, "--items", tokens])
    #expect(exported.status == 0 && returned.status == 0, "\(exported.stderr)\(returned.stderr)")
    #expect(try data("again/model.safetensors") == data("narm.model/model.safetensors"))
    #expect(try data("again/state.json") == data("narm.model/state.json"))

    try "i1\ni2\n".write(toFile: folder + "/few.txt", atomically: true, encoding: .utf8)
    for (arguments, words) in [
      (["more.pth", "new", "--items", "tokens.txt", "--set", "temperature=0.07"], "more.weight"),
      (["narm.pth", "new", "--items", "few.txt"], "has 41 rows"),
      (["object.pth", "new", "--items", "few.txt"], "run code"),
      (["command.pth", "new", "--items", "few.txt"], "system, which is not loaded"),
      (["narm.pth", "new", "--items", "tokens.txt", "--model", "GRU4Rec"], "lacks dense.bias"),
      (["narm.pth", "narm.model", "--items", "tokens.txt"], "--force to replace it"),
    ] {
      let outcome = try Self.python([Self.script("recbole_import.py")] + arguments, in: folder)
      #expect(outcome.status == 1 && outcome.stderr.contains(words), "\(outcome.stderr)")
      #expect(outcome.stderr.split(separator: "\n").count == 1, "\(outcome.stderr)")
    }
    #expect(!FileManager.default.fileExists(atPath: folder + "/new"))
    #expect(!FileManager.default.fileExists(atPath: folder + "/ran"))
  }
}
