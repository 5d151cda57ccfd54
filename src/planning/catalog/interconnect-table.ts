/**
 * What a node has toward the network, one a line: `portGbPerSecond` is one port in GB/s (bytes), `ports` a node's ports, `gpus` its accelerators.
 *
 * Sources: stas00/ml-engineering@744d01e network/README.md; docs.nvidia.com SuperPOD; the A100 and cloud rows are
 * recalled datasheets (confidence C).
 */
export const interconnectTable = `
name|portGbitPerSecond|ports|gpus|confidence|source
DGX-A100|200|8|8|C|8 x HDR InfiniBand (recalled)
vTrain-A100|200|4|8|B|800 Gb/s a node, vTrain MICRO-57 configuration
DGX-H100|400|8|8|B|8 x NDR InfiniBand
DGX-B200|400|8|8|A|8 x NDR ConnectX-7, docs.nvidia.com SuperPOD B200
DGX-B300|800|8|8|A|8 x XDR ConnectX-8, docs.nvidia.com SuperPOD B300
GB200-NVL72|400|4|4|B|4 x NDR ConnectX-7 a 4-GPU tray
GB300-NVL72|800|4|4|B|4 x XDR ConnectX-8 a 4-GPU tray
AWS-P5-EFA|100|32|8|C|EFA v2 (recalled)
AWS-P4d-EFA|100|4|8|C|EFA v1 (recalled)
GCP-A3-Mega|200|8|8|C|TCPXO (recalled)
GCP-A3-High|200|4|8|C|TCPX (recalled)
TPU-DCN|100|4|4|C|data-centre network of a TPU host (recalled)
Ethernet-25|25|1|8|B|one 25 GbE port
Ethernet-100|100|1|8|B|one 100 GbE port
`;
