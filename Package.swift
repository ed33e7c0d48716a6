// swift-tools-version: 6.0
import PackageDescription

// Nothing imports upwards; docs/architecture.md draws the layers.
let package = Package(
  name: "caravan",
  products: [.executable(name: "caravan", targets: ["caravan"])]
    // What other packages may import: README, "Use as a library".
    + ["MPI", "Tensors", "Sessions", "Models", "Evaluation", "Learning", "Runs", "Storage"]
    .map { .library(name: $0, targets: [$0]) },
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.0.0"),
  ],
  targets: [
    // C: the system libraries, and thin layers over them
    .systemLibrary(name: "COpenMPI", pkgConfig: "ompi-c", providers: [.apt(["libopenmpi-dev"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "COneDNN", providers: [.apt(["libdnnl-dev"])]),
    .target(name: "CMPI", dependencies: ["COpenMPI"]),
    .target(name: "CPhilox"),
    .target(
      name: "CKernels", dependencies: ["COneDNN", "CPhilox"], linkerSettings: [.linkedLibrary("dnnl")]),

    // Swift libraries, from the ground up
    .target(name: "MPI", dependencies: ["CMPI", "Text"]),
    .target(name: "Text"),
    .target(name: "Launching", dependencies: ["Storage", "Text"]),
    .target(name: "OptionTables", dependencies: ["Text"]),
    .target(name: "Randomness", dependencies: ["CPhilox"]),
    .target(name: "Storage", dependencies: ["COpenSSL", "Text"]),
    .target(name: "Tensors", dependencies: ["CKernels", "Randomness", "Text"]),
    .target(name: "Provenance", dependencies: ["MPI", "Tensors"], plugins: ["RecordCommit"]),
    .target(name: "Sessions", dependencies: ["CZlib", "Storage", "Randomness", "Text"]),
    .target(name: "Models", dependencies: ["OptionTables", "Tensors", "Sessions"]),
    .target(name: "Catalogue", dependencies: ["MPI", "Tensors"]),
    .target(
      name: "Evaluation", dependencies: ["Catalogue", "MPI", "Models", "Sessions", "Storage", "Tensors", "Text"]),
    .target(
      name: "Learning",
      dependencies: [
        "CKernels", "Catalogue", "MPI", "Models", "OptionTables", "Randomness", "Sessions", "Storage", "Tensors",
      ]),
    .target(name: "ONNX", dependencies: ["Models", "Storage", "Tensors"]),
    .target(
      name: "Runs",
      dependencies: [
        "Catalogue", "Evaluation", "Learning", "MPI", "Models", "ONNX", "OptionTables", "Provenance", "Randomness",
        "Sessions", "Storage", "Tensors", "Text",
        .product(name: "Logging", package: "swift-log"), "Yams",
      ]),
    .target(
      name: "Campaigns",
      dependencies: [
        "Catalogue", "Evaluation", "Learning", "MPI", "Models", "OptionTables", "Provenance", "Randomness", "Runs",
        "Sessions", "Storage", "Tensors", "Text",
        .product(name: "Logging", package: "swift-log"), "Yams",
      ]),
    .target(
      name: "Reports",
      dependencies: [
        "Campaigns", "Evaluation", "Learning", "OptionTables", "Provenance", "Runs", "Sessions", "Storage", "Text",
        .product(name: "Mustache", package: "swift-mustache"),
      ],
      resources: [.embedInCode("Templates")]),
    .target(
      name: "Diagnosis",
      dependencies: ["Campaigns", "Launching", "MPI", "Provenance", "Runs", "Storage", "Tensors", "Text"]),

    .plugin(name: "RecordCommit", capability: .buildTool()),

    // Executables
    .executableTarget(
      name: "caravan",
      dependencies: [
        "Campaigns", "Catalogue", "Diagnosis", "Evaluation", "Launching", "MPI", "Models", "OptionTables",
        "Provenance", "Reports", "Runs", "Sessions", "Storage", "Tensors", "Text",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ]),
    .executableTarget(
      name: "rank-tests",
      dependencies: [
        "Campaigns", "Catalogue", "CKernels", "CPhilox", "Evaluation", "Learning", "MPI", "Models", "Randomness",
        "Runs", "Sessions", "Storage", "Tensors", "TestSupport",
      ]),

    // Tests: unit without MPI; RankTests and CommandTests start the executables
    .target(
      name: "TestSupport",
      dependencies: ["Catalogue", "Learning", "MPI", "Models", "OptionTables", "Sessions", "Storage", "Tensors"],
      path: "Tests/TestSupport",
      resources: [.copy("Fixtures")]),
    .testTarget(name: "MPITests", dependencies: ["MPI"]),
    .testTarget(name: "LaunchingTests", dependencies: ["Launching"]),
    .testTarget(name: "DiagnosisTests", dependencies: ["Diagnosis", "Launching", "Tensors"]),
    .testTarget(name: "RandomnessTests", dependencies: ["Randomness", "CPhilox"]),
    .testTarget(name: "OptionTablesTests", dependencies: ["OptionTables"]),
    .testTarget(name: "StorageTests", dependencies: ["Storage", "TestSupport", "Text"]),
    .testTarget(name: "TensorsTests", dependencies: ["Tensors", "CKernels", "CPhilox", "Randomness"]),
    .testTarget(name: "SessionsTests", dependencies: ["Sessions", "Storage", "TestSupport"]),
    .testTarget(
      name: "ModelsTests",
      dependencies: ["Learning", "Models", "MPI", "OptionTables", "Randomness", "Sessions", "Tensors", "TestSupport"]),
    .testTarget(
      name: "EvaluationTests",
      dependencies: ["Catalogue", "Evaluation", "Models", "OptionTables", "Sessions", "Storage", "Tensors", "MPI"]),
    .testTarget(
      name: "LearningTests", dependencies: ["Learning", "MPI", "Models", "Randomness", "Tensors", "TestSupport"]),
    .testTarget(
      name: "RunsTests", dependencies: ["Catalogue", "MPI", "Models", "OptionTables", "Runs", "Storage"]),
    .testTarget(
      name: "CampaignsTests",
      dependencies: ["Campaigns", "Launching", "MPI", "Provenance", "Runs", "Sessions", "Storage", "TestSupport"]),
    .testTarget(name: "ReportsTests", dependencies: ["Reports"]),
    // These only start `caravan` and look at what it left: not optimised, they are built in less than half the time.
    .testTarget(
      name: "CommandTests", dependencies: ["Provenance", "Storage", "Tensors", "TestSupport"], exclude: ["Help"],
      swiftSettings: [.unsafeFlags(["-Onone"])]),
    .testTarget(name: "RankTests", dependencies: ["Tensors", "TestSupport"]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c11
)

// DocC, for scripts/docs.sh alone.
if Context.environment["CARAVAN_DOCS"] != nil {
  package.dependencies.append(.package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.4.0"))
}
