import Learning
import MPI
import Sessions
import Tensors

/// What a checkpoint is made of, as it was after a step: the one description of what is in its files.
///
/// It is borrowed from the trainer, and then good until the next step; or copied, and then good for as long as it lives.
package struct TrainerSnapshot {
  /// A table over all items: this rank's part of it, and how many elements come from each rank.
  struct Table {
    let name: String
    let shape: [Int]
    let own: UnsafeBufferPointer<Float>
    let counts: [Int]
  }

  /// Weights that all ranks have, or what the optimizer remembers of them: rank 0's to write.
  struct Weights {
    let name: String
    let shape: [Int]
    let elements: UnsafeBufferPointer<Float>
  }

  struct File {
    let name: String
    /// In the order in which the file has them: by name.
    let tables: [Table]
    let weights: [Weights]
  }

  package let state: CheckpointState
  /// The vocabulary, which goes with the item table.
  let items: ItemCatalog
  /// The model's name.
  let model: String
  let files: [File]
  /// Where copies are; empty if all is borrowed.
  private let copies: [FloatStorage]

  /// - Parameters:
  ///   - state: without files, which are listed as they are written.
  ///   - isCopy: whether the trainer may do further steps before all is written.
  package init(_ training: Trainer, _ state: CheckpointState, items: ItemCatalog, isCopy: Bool = false) {
    self.state = state
    self.items = items
    model = type(of: training.model).name
    let table = training.table, itemTable = table.parameter, rank = training.group.rank
    // On ranks other than 0 none, for they write none.
    let dense = rank == 0 ? training.model.parameters.dense : []
    var copies: [FloatStorage] = []
    func kept(_ elements: UnsafeMutableBufferPointer<Float>) -> UnsafeBufferPointer<Float> {
      guard isCopy else { return UnsafeBufferPointer(elements) }
      copies.append(FloatStorage(copying: elements))
      return UnsafeBufferPointer(copies[copies.count - 1].elements)
    }
    func tableOfItems(_ name: String, _ own: UnsafeMutableBufferPointer<Float>, _ counts: [Int]) -> Table {
      Table(name: name, shape: itemTable.shape, own: kept(own), counts: counts)
    }

    let rows: Table
    if isCopy || table.isSharded {
      rows = tableOfItems(itemTable.name, table.own.elements, table.shares)
    } else {
      // Rank 0 has all of it: nothing need travel. Copied it would take more memory there than a share does.
      let whole = table.held.values.elements
      let counts = [whole.count] + Array(repeating: 0, count: training.group.size - 1)
      rows = tableOfItems(itemTable.name, rank == 0 ? whole : UnsafeMutableBufferPointer(rebasing: whole[..<0]), counts)
    }
    let weights = dense.map { Weights(name: $0.name, shape: $0.shape, elements: kept($0.value.elements)) }
    let moments = training.tableOptimizer.state.map { name, own in
      tableOfItems("\(name).\(itemTable.name)", own.elements, table.shares)
    }
    let momentsOfWeights = training.denseOptimizer.state.flatMap { name, storage in
      dense.map { parameter in
        let values = storage.tensor(at: parameter.offset!, rows: parameter.rows, columns: parameter.columns)
        return Weights(name: "\(name).\(parameter.name)", shape: parameter.shape, elements: kept(values.elements))
      }
    }
    files = [
      File(name: Checkpoint.modelFile, tables: [rows], weights: weights),
      File(
        name: Checkpoint.optimizerFile, tables: moments.sorted { $0.name < $1.name }, weights: momentsOfWeights),
    ]
    self.copies = copies
  }

  /// All tables in the order in which they are written.
  var tables: [Table] { files.flatMap(\.tables) }
}
