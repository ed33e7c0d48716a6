import CMPI

/// MPI's name for an element type; hides the C handle.
public struct Datatype {
  let handle: cmpi_type
}

/// A scalar that MPI can carry: its bytes are exactly one element of `datatype`.
///
/// No `Bool` and no structs: their bytes hold padding or unused patterns.
public protocol MPIElement: BitwiseCopyable {
  /// MPI's predefined type of the same width.
  static var datatype: Datatype { get }
}

extension UInt8: MPIElement { public static var datatype: Datatype { Datatype(handle: cmpi_uint8()) } }
extension UInt16: MPIElement { public static var datatype: Datatype { Datatype(handle: cmpi_uint16()) } }
extension Int32: MPIElement { public static var datatype: Datatype { Datatype(handle: cmpi_int32()) } }
extension UInt32: MPIElement { public static var datatype: Datatype { Datatype(handle: cmpi_uint32()) } }
extension Int64: MPIElement { public static var datatype: Datatype { Datatype(handle: cmpi_int64()) } }
extension UInt64: MPIElement { public static var datatype: Datatype { Datatype(handle: cmpi_uint64()) } }
/// `Int` is 64 bits wide on every system that Caravan runs on.
extension Int: MPIElement { public static var datatype: Datatype { Datatype(handle: cmpi_int64()) } }
extension Float: MPIElement { public static var datatype: Datatype { Datatype(handle: cmpi_float()) } }
extension Double: MPIElement { public static var datatype: Datatype { Datatype(handle: cmpi_double()) } }

/// How MPI combines elements of several ranks.
///
/// `.sum` adds floating-point numbers in an order of the library's choice, which changes with the number of
/// ranks: nothing that ends up in a weight may go through it. `FixedTreeReducer` is there for that.
public enum ReductionOperator: Sendable {
  case sum, minimum, maximum

  var handle: cmpi_op {
    switch self {
    case .sum: cmpi_sum()
    case .minimum: cmpi_minimum()
    case .maximum: cmpi_maximum()
    }
  }
}
