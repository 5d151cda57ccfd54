"""MLServer's model for ONNX files: there is no plugin of its own, so a few lines on its base class, as its guide shows."""

import onnxruntime
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse


class OnnxModel(MLModel):
    async def load(self) -> bool:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(self.settings.parameters.uri, options, ["CPUExecutionProvider"])
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        rows = NumpyCodec.decode_input(payload.inputs[0])
        [scores] = self._session.run(["y"], {"x": rows})
        outputs = [NumpyCodec.encode_output("y", scores)]
        return InferenceResponse(model_name=self.name, model_version=self.version, outputs=outputs)
