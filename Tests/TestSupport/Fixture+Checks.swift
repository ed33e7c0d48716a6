import Learning
import MPI
import Models
import Sessions
import Tensors

/// How far something is from its reference: the largest |found - expected| / max(1, |expected|).
public struct Deviation: CustomStringConvertible, Sendable {
  public let of: String
  public let value: Float
  public var description: String { "\(of): \(value)" }
}

extension Fixture {
  /// One forward and backward pass: session vectors, logits, loss and every gradient against the reference's.
  /// - Returns: nil for a model that there is not.
  public func singleStepDeviations() throws -> [Deviation]? {
    guard let model = try makeModel(weights: "weight.") else { return nil }
    let sessions = try sessions("input.")
    var options = Trainer.Options(lanes: 1)
    options.targets = targets
    let pass = try Trainer(model, options, group: SoloGroup())
      .gradients(of: Array(0..<Int32(sessions.count)), from: sessions)
    let arena = Arena()
    let table = model.scoredTable(in: arena)
    let queries = pass.vectors.count / table.columns
    let vectors = arena.uninitialised(rows: queries, columns: table.columns)
    _ = vectors.elements.update(fromContentsOf: pass.vectors)
    let logits = arena.uninitialised(rows: queries, columns: items)
    logits.product(vectors, table.rows(1..<table.rows), transposeB: true)
    var deviations = [
      Deviation(of: "session", value: largestDifference(pass.vectors, try floats("output.session"))),
      Deviation(of: "logits", value: largestDifference(logits.array, try floats("output.logits"))),
      Deviation(
        of: "loss",
        value: largestDifference([Float(pass.loss / Double(queries))], try floats("output.loss"))),
    ]
    withExtendedLifetime(arena) {}
    for name in weights("grad.") {
      let expected = try floats("grad." + name)
      deviations.append(Deviation(of: name, value: largestDifference(pass.gradients[name]!, expected)))
    }
    return deviations
  }

  /// The steps of a trajectory under Adam on the ranks of `group`: every loss, then the weights at the end.
  /// - Returns: nil for a model that there is not.
  public func trajectoryDeviations(lanes: Int, group: any ProcessGroup) throws -> [Deviation]? {
    guard let model = try makeModel(weights: "init.") else { return nil }
    var options = Trainer.Options(lanes: lanes)
    options.targets = targets
    let betas = text("betas").split(separator: ",").map { Float($0)! }
    options.optimizer.beta1 = betas[0]
    options.optimizer.beta2 = betas[1]
    options.optimizer.epsilon = Float(number("eps"))
    options.optimizer.weightDecay = Float(number("weight_decay"))
    let step = try Trainer(model, options, group: group)
    let sessions = try sessions("batch.")
    let batch = Int32(integer("batch"))
    var deviations: [Deviation] = []
    for (number, expected) in try floats("expected.loss").enumerated() {
      let chosen = Array(Int32(number) * batch..<Int32(number + 1) * batch)
      let ran = try step.run(number, on: chosen[...], of: sessions, rate: self.number("learning_rate"))
      let relative = abs(Float(ran.loss / Double(ran.targets)) - expected) / abs(expected)
      deviations.append(Deviation(of: "loss of step \(number)", value: relative))
    }
    for parameter in model.parameters.all {
      let expected = try floats("final." + parameter.name)
      // RecBole trains the padding row, which is no candidate here.
      let skipped = parameter === model.parameters.itemTable ? parameter.value.columns : 0
      let difference = largestDifference(
        Array(parameter.value.array.dropFirst(skipped)), Array(expected.dropFirst(skipped)))
      deviations.append(Deviation(of: parameter.name, value: difference))
    }
    return deviations
  }
}

extension Fixture {
  /// One loss over samples: the loss, and the gradients of session vectors and items.
  /// - Parameter prefix: the name of the loss in the file.
  public func sampledLossDeviations(_ prefix: String, _ plan: LossPlan) throws -> [Deviation] {
    let arena = Arena()
    func matrix(_ name: String, padding: Int = 0) throws -> Tensor {
      let shape = try shape(name)
      let tensor = arena.zeros(rows: shape[0] + padding, columns: shape[1])
      _ = tensor.rows(padding..<tensor.rows).elements.update(fromContentsOf: try floats(name))
      return tensor
    }
    let vectors = try matrix("input.session"), table = try matrix("input.items", padding: 1)
    let share = [0] + (try floats("input.item_probability").map(Double.init))
    let rows = (1..<Int32(table.rows)).map { $0 }
    let targets = Array(rows.prefix(vectors.rows)), samples = Array(rows.dropFirst(vectors.rows))
    let trial = try HeadTrial(table: table, [(vectors, targets)], sampled: (plan, share, samples))
    return [
      Deviation(
        of: "loss",
        value: largestDifference([Float(trial.loss / Double(vectors.rows))], try floats(prefix + ".loss"))),
      Deviation(
        of: "session", value: largestDifference(trial.sessions, try floats(prefix + ".grad.session"))),
      Deviation(
        of: "items",
        value: largestDifference(trial.table, try floats(prefix + ".grad.items"))),
    ]
  }
}
