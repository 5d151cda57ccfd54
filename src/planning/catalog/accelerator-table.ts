/**
 * Accelerators, one a line. Dense TFLOP/s (sparse headline figures halved), memory GB, bandwidths GB/s in one direction.
 *
 * Sources: stas00 is stas00/ml-engineering@744d01e compute/accelerator/README.md; aiconfigurator is
 * ai-dynamo/aiconfigurator@095f58a systems/*.yaml; inferencex is SemiAnalysisAI/InferenceX-app@77ca49a
 * packages/app/src/lib/gpu-specs.ts; a recalled datasheet has confidence C. Sources disagree on B200 (7.7 or 8.0 TB/s,
 * 180 GB usable of 192), B300 fp4 (12.6-15 PFLOP/s) and the MI355X fabric (535 or 576 GB/s).
 */
export const acceleratorTable = `
name|vendor|family|year|bf16Tflops|tf32|fp8Tflops|fp4Tflops|int8|memoryGb|memoryGbPerSecond|scaleUpGbPerSecond|scaleUpGpus|hostGbPerSecond|watts|confidence|source
A10|NVIDIA|ampere|2021|125|62.5|||250|24|600|0|1|32|150|C|vendor datasheet (recalled)
A10G|NVIDIA|ampere|2021|70|35|||140|24|600|0|1|32|300|C|vendor datasheet (recalled)
A30|NVIDIA|ampere|2021|165|82|||330|24|933|100|2|32|165|A|aiconfigurator + vendor datasheet (recalled)
A40|NVIDIA|ampere|2020|149.7|74.8|||299.3|48|696|56.25|2|32|300|C|vendor datasheet (recalled)
A100-PCIE-40|NVIDIA|ampere|2020|312|156|||624|40|1555|300|2|32|250|C|vendor datasheet (recalled)
A100-PCIE-80|NVIDIA|ampere|2021|312|156|||624|80|1935|300|2|32|300|A|stas00 + aiconfigurator
A100-SXM-40|NVIDIA|ampere|2020|312|156|||624|40|1555|300|8|32|400|C|vendor datasheet (recalled)
A100-SXM-80|NVIDIA|ampere|2020|312|156|||624|80|2039|300|8|32|400|A|stas00 + aiconfigurator
L4|NVIDIA|ada|2023|121|60|242||242|24|300|0|1|32|72|A|aiconfigurator (dense + datasheet headline 242/485 is sparse)
L40S|NVIDIA|ada|2023|362|183|733||733|48|864|0|1|32|350|A|stas00 + aiconfigurator
H100-PCIe|NVIDIA|hopper|2022|756|378|1513||1513|80|2000|300|2|64|350|A|stas00 + aiconfigurator
H100-SXM|NVIDIA|hopper|2022|989.4|494.7|1978.9||1978.9|80|3350|450|8|64|700|A|stas00 + aiconfigurator + inferencex
H100-NVL|NVIDIA|hopper|2023|835|417|1671||1671|94|3938|300|2|64|400|C|vendor datasheet (recalled)
H200-SXM|NVIDIA|hopper|2024|989.4|494.7|1978.9||1978.9|141|4800|450|8|64|700|A|stas00 + aiconfigurator + inferencex
H200-NVL|NVIDIA|hopper|2024|835|417|1671||1671|141|4800|450|4|64|600|C|vendor datasheet (recalled)
GH200|NVIDIA|hopper|2023|989.4|494.7|1978.9||1978.9|96|4000|450|32|64|700|B|stas00
B200-SXM|NVIDIA|blackwell|2025|2250|1125|4500|9000|4500|180|7700|900|8|64|1000|A|stas00 + aiconfigurator + inferencex
B300-SXM|NVIDIA|blackwell|2025|2250|1125|4500|13500|150|270|7750|900|8|128|1100|B|aiconfigurator + inferencex
GB200|NVIDIA|blackwell|2025|2500|1250|5000|10000|5000|186|8000|900|72|64|1200|A|stas00 + aiconfigurator + inferencex
GB300|NVIDIA|blackwell|2025|2500|1250|5000|15000|165|278|8000|900|72|64|1400|A|stas00 + aiconfigurator + inferencex
RTX-PRO-6000-SE|NVIDIA|blackwell-rtx|2025|467.8||935.6|1871.2|935.6|96|1792|0|1|64|600|B|aiconfigurator (scaled to 2430 MHz)
MI210|AMD|cdna|2022|181||||181|64|1638|100|4|32|300|C|vendor datasheet (recalled)
MI250X|AMD|cdna|2021|383||||383|128|3277|350|8|32|560|A|stas00
MI300X|AMD|cdna|2023|1307|653.7|2615||2615|192|5300|448|8|64|750|A|stas00 + inferencex
MI325X|AMD|cdna|2024|1307|653.7|2615||2615|256|6000|448|8|64|1000|A|stas00 + inferencex
MI350X|AMD|cdna|2025|2300||4600|9200|4600|288|8000|535.5|8|64|1000|C|vendor datasheet (recalled)
MI355X|AMD|cdna|2025|2516||5033|10066|5033|288|8000|535.5|8|64|1400|A|stas00 + inferencex
Gaudi2|Intel|gaudi|2022|432||865|||96|2460|300|8|32|600|B|stas00
Gaudi3|Intel|gaudi|2024|1677|459|1677|||128|3700|600|8|64|900|B|stas00
TPUv4|Google|tpu|2021|275||||275|32|1200|150|4096|32||B|stas00
TPUv5e|Google|tpu|2023|197||||394|16|820|100|256|32||B|stas00
TPUv5p|Google|tpu|2023|459||||918|95|2760|300|8960|32||B|stas00
TPUv6e|Google|tpu|2024|918||918||1836|32|1640|224|256|32||B|stas00
TPUv7x|Google|tpu|2025|2307||4614|||192|7400|600|9216|32||B|stas00
Trainium2|AWS|trainium|2024|667|667|1299|||96|2900|640|16|64||B|stas00
H100-96GB-HBM2e|NVIDIA|hopper|2023|841|420|1682|||96|2400|450|8|64|500|C|arXiv 2410.06511 section 3; rates of H100-SXM less 15 % for 500 W (estimate: 400 for 600 W beside what idles, to the 0.4)
H20-SXM|NVIDIA|hopper|2023|148|74|296|||96|4000|450|8|64|400|C|vendor datasheet (recalled)
TPUv3|Google|tpu|2018|123|||||32|900|70|1024|16||C|vendor datasheet (recalled)
V100-SXM|NVIDIA|other|2017|125|||||32|900|150|8|16|300|C|vendor datasheet (recalled)
Arc-Pro-B60|Intel|other|2025|98|||||24|456|0|1|32|200|C|vendor datasheet (recalled)
L40|NVIDIA|ada|2022|181|90.5|362||362|48|864|0|1|32|300|C|vendor datasheet (recalled)
L20|NVIDIA|ada|2023|119.5|59.8|239||239|48|864|0|1|32|275|C|vendor datasheet (recalled)
RTX-6000-Ada|NVIDIA|ada|2022|364.2|182.1|728.5||728.5|48|960|0|1|32|300|C|vendor datasheet (recalled)
RTX-4090|NVIDIA|ada|2022|165.2|82.6|330.3||660.6|24|1008|0|1|32|450|C|vendor datasheet (recalled)
RTX-A6000|NVIDIA|ampere|2020|154.8|77.4|||309.7|48|768|56.25|2|32|300|C|vendor datasheet (recalled)
RTX-3090|NVIDIA|ampere|2020|71|35.6|||284|24|936|56.25|2|32|350|C|vendor datasheet (recalled)
A800-SXM-80|NVIDIA|ampere|2022|312|156|||624|80|2039|200|8|32|400|C|vendor datasheet (recalled)
H800-SXM|NVIDIA|hopper|2023|989.4|494.7|1978.9||1978.9|80|3350|200|8|64|700|C|vendor datasheet (recalled)
B100-SXM|NVIDIA|blackwell|2024|1750|875|3500|7000|3500|192|8000|900|8|64|700|C|vendor datasheet (recalled)
RTX-5090|NVIDIA|blackwell-rtx|2025|209.5|104.8|419|1676|838|32|1792|0|1|64|575|C|vendor datasheet (recalled)
MI300A|AMD|cdna|2023|980.6|490.3|1961.2||1961.2|128|5300|384|4|64|550|C|vendor datasheet (recalled)
T4|NVIDIA|other|2018|65||||130|16|320|0|1|16|70|C|vendor datasheet (recalled)
V100-PCIe|NVIDIA|other|2017|112|||||32|900|0|1|16|250|C|vendor datasheet (recalled)
`;
