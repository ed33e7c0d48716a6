import CKernels

/// What the products of the catalogue head multiply. Sums and weights are float32 either way.
public enum Precision: String, CaseIterable, Sendable {
  case float32 = "f32"
  /// bfloat16: float32's range with 8 bits of precision, and products at about twice the speed.
  case bfloat16 = "bf16"

  /// Whether this machine has instructions for it.
  public var isSupported: Bool { self == .float32 || ck_has_bf16() }
}

/// A matrix as a product reads it: float32 elements in place, or bfloat16 ones. A view, like `Tensor`.
package struct Operand {
  let base: UnsafeRawPointer
  package let rows: Int
  package let columns: Int
  let precision: Precision
}

extension Tensor {
  /// This matrix as it is.
  package var operand: Operand { Operand(base: base, rows: rows, columns: columns, precision: .float32) }
}

/// A matrix of bfloat16 numbers, row-major and dense: a view of memory that an `Arena` owns.
package struct HalfTensor {
  package let base: UnsafeMutablePointer<UInt16>
  package let rows: Int
  package let columns: Int

  package init(base: UnsafeMutablePointer<UInt16>, rows: Int, columns: Int) {
    self.base = base
    self.rows = rows
    self.columns = columns
  }

  package var operand: Operand { Operand(base: base, rows: rows, columns: columns, precision: .bfloat16) }

  package subscript(row: Int, column: Int) -> Float {
    get { Float(bitPattern: UInt32(base[row * columns + column]) << 16) }
    nonmutating set { ck_to_bf16(1, [newValue], base + row * columns + column) }
  }

  /// The first rows × columns elements as a matrix of that shape.
  package func reshaped(rows: Int, columns: Int) -> HalfTensor {
    precondition(rows * columns <= self.rows * self.columns, "\(rows)×\(columns) of \(self.rows)×\(self.columns)")
    return HalfTensor(base: base, rows: rows, columns: columns)
  }

  /// Takes over the elements of `x`, rounded, as a matrix of its shape at the start of this memory.
  package func rounding(_ x: Tensor) -> HalfTensor {
    precondition(x.count <= rows * columns, "\(x.rows)×\(x.columns) in \(rows)×\(columns)")
    ck_to_bf16(Int64(x.count), x.base, base)
    return HalfTensor(base: base, rows: x.rows, columns: x.columns)
  }
}

extension Arena {
  /// A matrix of bfloat16 numbers that are whatever the memory held before.
  package func halves(rows: Int, columns: Int) -> HalfTensor {
    let memory = uninitialised(rows: 1, columns: (rows * columns + 1) / 2)
    let base = UnsafeMutableRawPointer(memory.base).bindMemory(to: UInt16.self, capacity: rows * columns)
    return HalfTensor(base: base, rows: rows, columns: columns)
  }
}
